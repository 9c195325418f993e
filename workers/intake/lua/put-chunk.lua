-- Puts one chunk into Redis: its blob, a status byte per row, its count. A second arrival changes nothing.
--   KEYS[1] row       hash of the job
--   KEYS[2] rows      blob of the chunk
--   KEYS[3] statuses  status byte per row
--   ARGV[1] n         number of the chunk
--   ARGV[2] digest    SHA-256 of its rows
--   ARGV[3] blob      compressed rows
--   ARGV[4] from      first row
--   ARGV[5] bytes     status bytes of its rows
--   ARGV[6] queued    how many of them are queued
--   ARGV[7] dies_at   unix ms
--   ARGV[8] fp        fingerprint the chunk belongs to
-- Returns 1 when the job's seal is in (the caller then opens the job), else 0
local field = 'in:' .. ARGV[8] .. ':' .. ARGV[1]
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[2], ARGV[3], 'PXAT', ARGV[7])
  redis.call('SETRANGE', KEYS[3], ARGV[4], ARGV[5])
  redis.call('PEXPIREAT', KEYS[3], ARGV[7])
  redis.call('HSET', KEYS[1], field, ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'q:' .. ARGV[8], ARGV[6])
  redis.call('PEXPIREAT', KEYS[1], ARGV[7])
end
return redis.call('HEXISTS', KEYS[1], 'sealed')
