-- Gives a relay the oldest entries of an outbox, as one cut: the same one, however often it is asked for, until it is cleared.
--   KEYS[1] outbox   stream
--   KEYS[2] relay    hash: owner, until (µs), last = the last entry of the cut
--   ARGV[1] clock    µs, or '' for the server's time
--   ARGV[2] owner    who asks
--   ARGV[3] lease    µs that nobody else gets it
--   ARGV[4] at_most  entries of a cut
-- Returns {last, entries}: the cut's last entry ('' = there is nothing, or somebody else has it), and its entries
-- include: ../../base/lua/_time.lua
local now = now_us(ARGV[1])
local relay = redis.call('HMGET', KEYS[2], 'owner', 'until', 'last')
if relay[1] and relay[1] ~= ARGV[2] and tonumber(relay[2]) > now then
  return { '', {} }
end
local entries
if relay[3] then
  entries = redis.call('XRANGE', KEYS[1], '-', relay[3])
else
  entries = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[4])
end
if #entries == 0 then
  redis.call('DEL', KEYS[2])
  return { '', {} }
end
local last = entries[#entries][1]
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'until', us(now + tonumber(ARGV[3])), 'last', last)
return { last, entries }
