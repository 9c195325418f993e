-- Keeps a turn while its process waits for places to make calls: a long lease, so that ten thousand waiting lanes cost next to nothing. It ends
-- early when its process is seen to be dead (abandon.lua).
--   KEYS[1] lane     hash of the lane
--   KEYS[2] lanes    the home's lanes by the time a turn must have opened
--   ARGV[1] clock    µs, or '' for the server's time
--   ARGV[2] fence    of the turn
--   ARGV[3] sender   member of the lanes set
--   ARGV[4] holder   the process
-- Returns 1, or 0 when the turn is lost
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return 0
end
redis.call('HSET', KEYS[1], 'holder', ARGV[4])
renew(KEYS[1], KEYS[2], ARGV[3], now)
return 1
