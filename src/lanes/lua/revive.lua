-- Numbers a new ticket for each lane of one home whose turn should have opened by now. Covers a lost ticket and a dead holder.
-- A lane where nothing waits any more leaves the set.
--   KEYS[1] lanes     the home's lanes by the time a turn must have opened
--   KEYS[2..]         per lane that the caller found overdue: its hash, its started runs with calls under way
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2..] sender  member of the lanes set, in the order of KEYS[2..]
-- Returns a ticket number per lane, '0' where a turn lives, the ticket is not overdue or nothing waits
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])

-- Given back with nothing to wait for but answers, and they are all in.
local function is_done(h, fly)
  return h[2] == '0' and h[3] == '0' and redis.call('EXISTS', fly) == 0
end

local function revive(lane, fly, sender)
  local must = tonumber(redis.call('ZSCORE', KEYS[1], sender) or 'inf')
  local h = redis.call('HMGET', lane, 'n', 'until', 'wake', 'from')
  if must > now or tonumber(h[2] or '0') > now then
    return '0'
  end
  if is_done(h, fly) then
    redis.call('ZREM', KEYS[1], sender)
    return '0'
  end
  local n = us(next_number(h[1], now))
  -- `until` stays as it is: a lease that ended without being given back tells the next turn that its holder died.
  -- A ticket that is only late stays good. Were it stale, a queue longer than the grace would never open a lane.
  local from = tonumber(h[3] or '0') > 0 and h[4] or n
  redis.call('HSET', lane, 'n', n, 'from', from, 'wake', us(now))
  redis.call('PERSIST', lane)
  redis.call('ZADD', KEYS[1], us(now + GRACE_US), sender)
  return n
end

local tickets = {}
for i = 2, #ARGV do
  tickets[#tickets + 1] = revive(KEYS[i * 2 - 2], KEYS[i * 2 - 1], ARGV[i])
end
return tickets
