-- Notes how far an upload has come, and which chunks are sent to the log next: before they are sent, so that a later try of the same key can
-- be compared with all that the log may have. Safe to repeat.
--   KEYS[1] row      hash of the job
--   KEYS[2] digests  32 bytes per chunk
--   ARGV[1] clock    µs, or '' for the server's time
--   ARGV[2] fp       fingerprint of this upload
--   ARGV[3] chunks   that the log has
--   ARGV[4] total    items in them
--   ARGV[5] first    number of the first chunk that is sent next
--   ARGV[6] next     digests of those, 32 bytes each
--   ARGV[7] dies_at  unix ms, of the digests
-- Returns "going" | "canceling" | "mismatch": another try noted another body | what it has become instead, '' when it is gone
-- include: ../../base/lua/_time.lua
local h = redis.call('HMGET', KEYS[1], 'state', 'fp', 'then')
if h[2] ~= ARGV[2] then
  return ''
end
if h[1] ~= 'accepted' then
  return h[1]
end
local at, next = tonumber(ARGV[5]) * 32, ARGV[6]
local before = redis.call('GETRANGE', KEYS[2], at, at + #next - 1)
-- What was once noted stays: another body would mix with what the log has.
if next ~= '' and before ~= next:sub(1, #before) then
  return 'mismatch'
end
redis.call('HSET', KEYS[1], 'up', ARGV[3], 'total', ARGV[4], 'updated', us(now_us(ARGV[1])))
if next ~= '' then
  redis.call('SETRANGE', KEYS[2], at, next)
  redis.call('PEXPIREAT', KEYS[2], ARGV[7])
end
return h[3] == 'canceling' and 'canceling' or 'going'
