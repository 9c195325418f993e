-- Writes a job's row as accepted, if it is not there.
--   KEYS[1] row      hash of the job
--   ARGV[1] dies_at  unix ms
--   ARGV[2..]        fields and values
-- Returns 1 when it was written, 0 when it was there
if redis.call('HEXISTS', KEYS[1], 'state') == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'accepted', unpack(ARGV, 2))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1
