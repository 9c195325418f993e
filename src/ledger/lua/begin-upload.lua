-- Begins an upload: writes the job's row as accepted, or says how far it has come. Safe to repeat: the same body's try finds its own row.
--   KEYS[1] row      hash of the job; up: chunks that the log has, "sealed" once it has the seal too
--   ARGV[1] dies_at  unix ms
--   ARGV[2] fp       fingerprint of this upload
--   ARGV[3] seal     JSON of a seal without rows
-- Returns {"begun", chunks}: so many the log has | {"sealed"} | {"ended", state} | {"other"}: the id belongs to another body
local h = redis.call('HMGET', KEYS[1], 'state', 'fp', 'up', 'sealed')
if h[1] and h[2] == ARGV[2] then
  if h[3] == 'sealed' or h[4] then
    return { 'sealed' }
  end
  return h[1] == 'accepted' and { 'begun', h[3] or '0' } or { 'ended', h[1] }
end
-- One that was given up makes room for another body with its key.
if h[1] and not (h[1] == 'incomplete' and h[3]) then
  return { 'other' }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'state', 'accepted', 'fp', ARGV[2], 'seal', ARGV[3], 'up', '0', 'total', '0')
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return { 'begun', '0' }
