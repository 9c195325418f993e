-- include: items. Status and try bytes of a job's items. Counts (fields n:<byte> of the row) move only with a byte.
-- Within one try an outcome replaces another only when it ranks higher.
local RANK = { s = 0, u = 1, a = 2, f = 3, d = 4, r = 5 }

local function status_at(statuses, index)
  return redis.call('GETRANGE', statuses, index, index)
end

local function try_at(tries, index)
  return (redis.call('GETRANGE', tries, index, index):byte() or 0)
end

-- Moves one item and the two counts.
local function move(row, statuses, index, from, to)
  redis.call('SETRANGE', statuses, index, to)
  redis.call('HINCRBY', row, 'n:' .. from, -1)
  redis.call('HINCRBY', row, 'n:' .. to, 1)
end

-- Whether an outcome `to` of the item's current try may replace the status `from`. 'q': nothing reached the person, it goes
-- back; 'c': the same, of a job that was canceled meanwhile.
local function outranks(from, to)
  if to == 'q' or to == 'c' then
    return from == 's' or from == 'u'
  end
  return RANK[from] ~= nil and RANK[to] ~= nil and RANK[to] > RANK[from]
end

-- Whether a receipt `to` (a f d r) may replace the status `from`. About the item's current try (`current`) it may what it outranks. That a message
-- was delivered or read is a fact about the person, whichever try it names: it wins over a retry that waits and over every other end.
local function receipt_wins(from, to, current)
  if to == 'd' or to == 'r' then
    return from ~= '' and from ~= '-' and (RANK[from] or -1) < RANK[to]
  end
  return current and from ~= 'q' and outranks(from, to)
end

-- The mark of a call whose receipt came before its answer: it still holds its places.
local function early_field(job, index, try)
  return 'early ' .. job .. ':' .. us(index) .. ':' .. us(try)
end

-- A job with nothing queued or sending has ended: canceled when it was told to, expired when every item did, else completed. It is open again when an item that
-- was unknown turns out not to have been sent. Returns how it ended, false when it has not.
local function complete_if_done(row, now)
  local h = redis.call('HMGET', row, 'n:q', 'n:s', 'state', 'n:e', 'total')
  local busy = tonumber(h[1] or '0') > 0 or tonumber(h[2] or '0') > 0
  if h[3] == 'completed' and busy then
    redis.call('HSET', row, 'state', 'open')
    redis.call('HDEL', row, 'done')
  elseif (h[3] == 'open' or h[3] == 'paused' or h[3] == 'canceling') and not busy then
    local state = h[4] and h[4] == h[5] and h[4] ~= '0' and 'expired' or 'completed'
    if h[3] == 'canceling' then
      state = 'canceled'
    end
    redis.call('HSET', row, 'state', state, 'done', us(now))
    return state
  end
  return false
end
