-- Takes away what is kept of a job of which chunks came and no seal, once nothing more has come for a while. Safe to repeat.
--   KEYS[1] row       hash of the job; "at:fp" = when its last chunk came (µs)
--   KEYS[2] statuses  status byte per row
--   KEYS[3] arrived   of a stream, chunk → its digest
--   KEYS[4..]         blobs of its chunks
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] fp        fingerprint that its chunks belong to
--   ARGV[3] silence   µs
--   ARGV[4..]         fields of its chunks in the row
-- Returns 'known': its row says that the log has the seal | 'young': something came since | 'gone'
-- include: ../../base/lua/_time.lua
local now = now_us(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'fp', 'at:' .. ARGV[2])
if h[1] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'at:' .. ARGV[2])
  return 'known'
end
if h[2] and tonumber(h[2]) + tonumber(ARGV[3]) > now then
  return 'young'
end
redis.call('UNLINK', unpack(KEYS, 2))
redis.call('HDEL', KEYS[1], 'at:' .. ARGV[2], 'q:' .. ARGV[2], 'f:' .. ARGV[2], unpack(ARGV, 4))
return 'gone'
