-- Ends what is still queued of a job whose time has passed, and takes the job out of its lane. A second run finds nothing.
--   KEYS[1] row       hash of the job
--   KEYS[2] statuses  status byte per row
--   KEYS[3] cursors   job → "next rows"
--   KEYS[4] later     items that wait alone, members "job:index"
--   KEYS[5] high      queue of jobs
--   KEYS[6] normal    queue of jobs
--   KEYS[7] bulk      queue of jobs
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] job       id
--   ARGV[3..] index   of its items that wait alone
-- Returns how many items expired
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/ledger/lua/_items.lua
local now = now_us(ARGV[1])
local bytes, expired = redis.call('GETRANGE', KEYS[2], 0, -1):gsub('q', 'e')
if expired > 0 then
  redis.call('SETRANGE', KEYS[2], 0, bytes)
  redis.call('HINCRBY', KEYS[1], 'n:q', -expired)
  redis.call('HINCRBY', KEYS[1], 'n:e', expired)
  redis.call('HSET', KEYS[1], 'updated', us(now))
end
redis.call('HDEL', KEYS[3], ARGV[2])
for i = 3, #ARGV do
  redis.call('ZREM', KEYS[4], ARGV[2] .. ':' .. ARGV[i])
end
for _, queue in ipairs({ KEYS[5], KEYS[6], KEYS[7] }) do
  redis.call('LREM', queue, 0, ARGV[2])
end
complete_if_done(KEYS[1], now)
return expired
