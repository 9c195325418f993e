-- The number of the next control of a job. A second run leaves a gap, which does no harm.
--   KEYS[1] row  hash of the job
-- Returns the number, or 0 when there is no such job
local h = redis.call('HMGET', KEYS[1], 'state', 'ctl', 'ctl_next')
if not h[1] then
  return 0
end
local seq = math.max(tonumber(h[2] or '0'), tonumber(h[3] or '0')) + 1
redis.call('HSET', KEYS[1], 'ctl_next', string.format('%d', seq))
return seq
