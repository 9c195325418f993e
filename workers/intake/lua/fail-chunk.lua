-- Stands in for a chunk that can never be read: its rows become failed items, so that the job still ends. A second arrival changes nothing.
--   KEYS[1] row       hash of the job
--   KEYS[2] rows      blob of the chunk: an empty list
--   KEYS[3] statuses  status byte per row
--   KEYS[4] results   lines of the chunk
--   KEYS[5] arrived   where its digest is noted: the row; of a stream a hash of its own
--   ARGV[1] n         number of the chunk
--   ARGV[2] digest    that the seal will name is unknown: '*' fits any
--   ARGV[3] blob      compressed empty list of rows
--   ARGV[4] from      first row
--   ARGV[5] bytes     status bytes of its rows
--   ARGV[6] failed    how many they are
--   ARGV[7] dies_at   unix ms
--   ARGV[8] fp        fingerprint the chunk belongs to
--   ARGV[9] lines     result lines of its rows
-- Returns 1 when the job's seal is in (the caller then opens the job), else 0
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('SET', KEYS[2], ARGV[3], 'PXAT', ARGV[7])
  redis.call('SETRANGE', KEYS[3], ARGV[4], ARGV[5])
  redis.call('PEXPIREAT', KEYS[3], ARGV[7])
  redis.call('SET', KEYS[4], ARGV[9], 'PXAT', ARGV[7])
  redis.call('HSET', KEYS[5], 'in:' .. ARGV[8] .. ':' .. ARGV[1], ARGV[2])
  -- Counted under its body until the job opens, as its queued rows are: the id may yet belong to another body.
  redis.call('HINCRBY', KEYS[1], 'f:' .. ARGV[8], ARGV[6])
  -- Should somebody be able to read it later, it takes the place of this one.
  redis.call('HSET', KEYS[1], 'lost:' .. ARGV[8] .. ':' .. ARGV[1], '1')
  redis.call('PEXPIREAT', KEYS[5], ARGV[7])
  redis.call('PEXPIREAT', KEYS[1], ARGV[7])
end
return redis.call('HEXISTS', KEYS[1], 'sealed')
