-- The number of the next control of a job. A second run leaves a gap, which does no harm.
--   KEYS[1] row  hash of the job
-- Returns the number, or 0 when there is no such job
if redis.call('HEXISTS', KEYS[1], 'state') == 0 then
  return 0
end
return redis.call('HINCRBY', KEYS[1], 'ctl_next', 1)
