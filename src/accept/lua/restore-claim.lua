-- Binds an idempotency key to its body and job again, as the log says. A claim that is done stays;
-- one that somebody was at is done, since the log has its job. Repeatable.
--   KEYS[1] claim        hash, as in claim.lua
--   ARGV[1] fingerprint  32 bytes
--   ARGV[2] job
--   ARGV[3] home
--   ARGV[4] until        unix ms: as long as the claim is remembered
-- Returns 1 when it was written
if redis.call('HGET', KEYS[1], 's') == 'd' then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 's', 'd', 'f', ARGV[1], 'j', ARGV[2], 'h', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1
