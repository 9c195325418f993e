-- Gives up an upload that has no seal: the job is canceled if it was told to, else incomplete. Its rows are none. Safe to repeat.
--   KEYS[1] row    hash of the job
--   ARGV[1] clock  µs, or '' for the server's time
--   ARGV[2] fp     fingerprint of the upload; '' means any
-- Returns {state, fp, chunks}: what it is now, and the chunks that the log may have | {} when there is no such upload, or it is sealed
-- include: ../../base/lua/_time.lua
local now = us(now_us(ARGV[1]))
local h = redis.call('HMGET', KEYS[1], 'state', 'fp', 'up', 'sealed', 'then')
if not h[3] or h[3] == 'sealed' or h[4] or (ARGV[2] ~= '' and h[2] ~= ARGV[2]) then
  return {}
end
local state = h[1]
if state == 'accepted' then
  state = h[5] == 'canceling' and 'canceled' or 'incomplete'
  redis.call('HSET', KEYS[1], 'state', state, 'total', '0', 'updated', now, 'done', now)
  redis.call('HDEL', KEYS[1], 'then', 'q:' .. h[2], 'f:' .. h[2])
end
return { state, h[2], h[3] }
