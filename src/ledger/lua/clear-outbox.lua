-- Takes a cut out of an outbox, once all that it tells is in the log. An empty outbox leaves nothing behind. A repeat finds the cut gone.
--   KEYS[1] outbox  stream
--   KEYS[2] relay   hash: owner, until (µs), last = the last entry of the cut
--   ARGV[1] owner   who has it
--   ARGV[2] last    names the cut
-- Returns 1 when there is more, else 0
local relay = redis.call('HMGET', KEYS[2], 'owner', 'last')
if relay[1] == ARGV[1] and relay[2] == ARGV[2] then
  redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[2])
  redis.call('XDEL', KEYS[1], ARGV[2])
  redis.call('DEL', KEYS[2])
end
if redis.call('XLEN', KEYS[1]) > 0 then
  return 1
end
redis.call('DEL', KEYS[1], KEYS[2])
return 0
