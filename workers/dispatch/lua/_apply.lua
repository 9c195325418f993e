-- include: apply. Applies one outcome to its item, and remembers per chunk and job what has changed.
-- batch: later = key of the items that wait alone, flying = key of the calls under way, wake = earliest time (µs) one of them is due, moved = how many items moved,
--   ended = ends of the calls that gave their places back (false: never written), landed = run → how many of its calls did,
--   people = outcomes of those calls, one per person's limit to be told; ticks = tick of its end → accepted calls, till = the last of them (µs), templates = holds fields of theirs,
--   throttled = whether a call was refused because there were too many.

-- Bytes of the rows of a chunk, read once.
local function bytes_of(chunk)
  if not chunk.statuses then
    chunk.statuses = redis.call('GETRANGE', chunk.job.statuses, chunk.first, chunk.last)
    chunk.tries = redis.call('GETRANGE', chunk.job.tries, chunk.first, chunk.last)
    chunk.moved, chunk.landed, chunk.low, chunk.high = {}, {}, #chunk.statuses, 0
  end
  return chunk
end

-- 'q' becomes 'f' once the item has been tried often enough, and 'c' when its job was canceled meanwhile, or has even ended so: its item was unknown.
local function target_of(o, job)
  local state = o.to == 'q' and redis.call('HGET', job.row, 'state')
  if state == 'canceling' or state == 'canceled' then
    return 'c'
  end
  if o.to == 'q' and o.counts and o.most > 0 then
    -- A retry that a client asked for begins anew: 'b' holds how many tries had counted until then.
    local h = redis.call('HMGET', job.uncounted, us(o.index), 'b' .. us(o.index))
    local counted = o.try - tonumber(h[1] or '0') - tonumber(h[2] or '0')
    return counted >= o.most and 'f' or 'q'
  end
  return o.to
end

-- The item waits alone until it is due, or until its job ends.
local function send_back(batch, job, o)
  local ends = tonumber(redis.call('HGET', job.row, 'ends') or '0')
  o.due = ends > 0 and math.min(o.due, ends) or o.due
  redis.call('ZADD', batch.later, us(o.due), job.id .. ':' .. us(o.index) .. ':' .. o.why)
  batch.wake = math.min(batch.wake or o.due, o.due)
  if not o.counts then
    redis.call('HINCRBY', job.uncounted, us(o.index), 1)
    redis.call('PEXPIREAT', job.uncounted, job.dies_at)
  end
end

-- Whether the call is still under way. A receipt that came before the answer has moved its item and left a mark, which is taken off here.
local function flies(batch, job, from, o)
  return from == 's' or (from ~= 'q' and redis.call('HDEL', batch.flying, early_field(job.id, o.index, o.try)) == 1)
end

-- A call gives its places back when its item leaves 'sending', and so once. Of two outcomes in one batch the later end counts.
local function land(batch, chunk, offset, from, o)
  local slot = chunk.landed[offset]
  if slot ~= RECALLED and flies(batch, chunk.job, from, o) then
    batch.ended[#batch.ended + 1] = o.ended
    chunk.landed[offset] = #batch.ended
    batch.landed[o.run] = (batch.landed[o.run] or 0) + 1
    batch.people[#batch.people + 1] = o
    if o.to == 'a' then
      local tick = math.floor(o.ended / TICK_US)
      batch.ticks[tick] = (batch.ticks[tick] or 0) + 1
      batch.till = math.max(batch.till, o.ended)
      batch.templates[#batch.templates + 1] = o.chunk.job.template ~= '' and o.chunk.job.template or nil
    end
  elseif slot and slot ~= RECALLED and o.ended then
    batch.ended[slot] = math.max(batch.ended[slot] or 0, o.ended)
  end
end

local function apply(batch, o)
  local job, chunk = o.chunk.job, bytes_of(o.chunk)
  local offset = o.index - chunk.first + 1
  if o.try == (chunk.tries:byte(offset) or 0) + 1 then
    recall(batch, job, chunk, offset, o)
  end
  if (chunk.tries:byte(offset) or 0) ~= o.try then
    return
  end
  local from, to = chunk.moved[offset] or chunk.statuses:sub(offset, offset), target_of(o, job)
  land(batch, chunk, offset, from, o)
  if not outranks(from, to) then
    return
  end
  chunk.moved[offset] = to
  chunk.low, chunk.high = math.min(chunk.low, offset), math.max(chunk.high, offset)
  job.deltas[from] = (job.deltas[from] or 0) - 1
  job.deltas[to] = (job.deltas[to] or 0) + 1
  batch.moved = batch.moved + 1
  if to == 'q' then
    send_back(batch, job, o)
  else
    chunk.lines[#chunk.lines + 1] = o.line
    tell_item(batch.outbox, job.id, job.row, to, o.try, o.line)
  end
end

-- Writes the status bytes of a chunk that moved, neighbours together.
local function write_bytes(chunk)
  local first, byte = nil, nil
  for offset = chunk.low, chunk.high + 1 do
    local to = chunk.moved[offset]
    if to ~= byte then
      if byte then
        redis.call('SETRANGE', chunk.job.statuses, chunk.first + first - 1, byte:rep(offset - first))
      end
      first, byte = offset, to
    end
  end
end

-- Writes what a job's items have changed in its row.
local function write_counts(job, now, outbox)
  if not next(job.deltas) then
    return
  end
  for byte, delta in pairs(job.deltas) do
    redis.call('HINCRBY', job.row, 'n:' .. byte, delta)
  end
  redis.call('HSET', job.row, 'updated', us(now))
  redis.call('PEXPIREAT', job.tries, job.dies_at)
  tell_job(outbox, job.id, job.row, complete_if_done(job.row, now), now)
end
