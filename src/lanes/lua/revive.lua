-- Finds lanes of one home whose turn should have opened by now, and numbers a new ticket for each. Covers a lost ticket and a dead holder.
--   KEYS[1] lanes     the home's lanes by the time a turn must have opened
--   KEYS[2..] lane    hash of each lane that the caller found overdue
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2..] sender  member of the lanes set, in the order of KEYS[2..]
-- Returns a ticket number per lane, '0' where a turn lives or the ticket is not overdue
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
local tickets = {}
for i = 2, #KEYS do
  local sender = ARGV[i]
  local must = tonumber(redis.call('ZSCORE', KEYS[1], sender) or 'inf')
  local h = redis.call('HMGET', KEYS[i], 'n', 'until', 'wake', 'from')
  if must > now or tonumber(h[2] or '0') > now then
    tickets[#tickets + 1] = '0'
  else
    local n = us(next_number(h[1], now))
    -- `until` stays as it is: a lease that ended without being given back tells the next turn that its holder died.
    -- A ticket that is only late stays good. Were it stale, a queue longer than the grace would never open a lane.
    local from = tonumber(h[3] or '0') > 0 and h[4] or n
    redis.call('HSET', KEYS[i], 'n', n, 'from', from, 'wake', us(now))
    redis.call('PERSIST', KEYS[i])
    redis.call('ZADD', KEYS[1], us(now + GRACE_US), sender)
    tickets[#tickets + 1] = n
  end
end
return tickets
