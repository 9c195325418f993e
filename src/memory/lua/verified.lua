-- Tells whether this Redis is the one that somebody has compared with the log, and nothing was found to be missing.
--   KEYS[1] memory   hash of the installation: run = the verified server, lost = the server on which a loss was found
-- Returns 1 when it is
local known = redis.call('HMGET', KEYS[1], 'run', 'lost')
local there = redis.call('INFO', 'server')
local here = known[1] and there:find('run_id:' .. known[1], 1, true)
return here and known[1] ~= known[2] and 1 or 0
