-- One arrival: work that is due in a moment, put into a lane as settle.lua does it with an item that goes back.
--   KEYS[1] lane    hash of the lane
--   KEYS[2] lanes   the home's lanes by the time a turn must have opened
--   KEYS[3] later   items that wait alone
--   KEYS[4] stats   hash of the test's counts
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] sender  member of the lanes set
--   ARGV[3] delay   µs until the work is due
--   ARGV[4] most    arrivals of the whole test
-- Returns {n, due, arrivals}: a ticket n to add for due (µs), 0 when none is needed; n = -1 when all have arrived
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
local now = now_us(ARGV[1])
if tonumber(redis.call('HGET', KEYS[4], 'arrivals') or '0') >= tonumber(ARGV[4]) then
  return { '-1', '0', 0 }
end
local count = redis.call('HINCRBY', KEYS[4], 'arrivals', 1)
local due = now + tonumber(ARGV[3])
redis.call('ZADD', KEYS[3], us(due), 'job:' .. count)
return { us(arrive(KEYS[1], KEYS[2], ARGV[2], due, now)), us(due), count }
