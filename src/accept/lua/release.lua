#!lua flags=allow-oom
-- Gives a claim back. Nothing reached the log: the key is forgotten. Something may have: it stays bound to its body and job for a while, without a lease.
-- Safe to repeat: a claim that is not this owner's is left alone.
--   KEYS[1] claim   hash, as in claim.lua
--   ARGV[1] owner
--   ARGV[2] unsure  "1" when the log may have the job
-- Returns "OK"
local held = redis.call('HMGET', KEYS[1], 's', 'o', 'r')
if held[1] ~= 'p' or held[2] ~= ARGV[1] then return 'OK' end
if ARGV[2] == '1' or (held[3] or '0') ~= '0' then
  local now = redis.call('TIME')
  redis.call('HSET', KEYS[1], 's', 'u', 'l', string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)))
  redis.call('HDEL', KEYS[1], 'o')
else
  redis.call('DEL', KEYS[1])
end
return 'OK'
