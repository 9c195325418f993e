#!lua flags=allow-oom
-- The log has an upload's seal: its row says what its rows share, and that it cannot be given up any more. Safe to repeat.
--   KEYS[1] row      hash of the job
--   ARGV[1] fp       fingerprint of this upload
--   ARGV[2] seal     JSON
--   ARGV[3] total    items
-- Returns 1; 0 when it was given up before
local h = redis.call('HMGET', KEYS[1], 'state', 'fp', 'up')
if h[2] ~= ARGV[1] or h[1] == 'incomplete' then
  return 0
end
if h[1] == 'accepted' and h[3] ~= 'sealed' then
  redis.call('HSET', KEYS[1], 'seal', ARGV[2], 'up', 'sealed', 'total', ARGV[3])
end
return 1
