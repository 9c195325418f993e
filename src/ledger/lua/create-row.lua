-- Writes a job's row as accepted, if it is not there. Safe to repeat.
--   KEYS[1] row      hash of the job
--   ARGV[1] dies_at  unix ms
--   ARGV[2] fp       fingerprint of its body
--   ARGV[3..]        further fields and values
-- Returns 1 when the row is of this body, 0 when it belongs to another
local h = redis.call('HMGET', KEYS[1], 'state', 'fp')
if h[1] then
  return h[2] == ARGV[2] and 1 or 0
end
redis.call('HSET', KEYS[1], 'state', 'accepted', 'fp', ARGV[2], unpack(ARGV, 3))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1
