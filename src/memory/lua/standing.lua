-- Tells how this Redis stands: one step, because the server may be another a moment later.
--   KEYS[1] memory   hash of the installation
-- Returns {run id of this server, fields and values of the hash …}
local all = redis.call('HGETALL', KEYS[1])
table.insert(all, 1, redis.call('INFO', 'server'):match('run_id:(%w+)'))
return all
