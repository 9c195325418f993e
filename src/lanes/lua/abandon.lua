-- Ends the leases that a dead process holds on parked lanes of one home. A repeat finds them ended.
--   KEYS[1] lanes     the home's lanes by the time a turn must have opened
--   KEYS[2..] lane    hash of each lane
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] holder    the process
--   ARGV[3..] sender  member of the lanes set, in the order of KEYS[2..]
-- Returns how many leases it ended
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
local ended = 0
for i = 2, #KEYS do
  local h = redis.call('HMGET', KEYS[i], 'holder', 'until')
  if h[1] == ARGV[2] and tonumber(h[2] or '0') > now then
    -- Not 0: a lease that was not given back tells the next turn that its holder died.
    redis.call('HSET', KEYS[i], 'until', us(now))
    redis.call('ZADD', KEYS[1], us(now), ARGV[i + 1])
    ended = ended + 1
  end
end
return ended
