-- Notes how far a part of the log is in this Redis. Only on the server that was verified: on another one what lies before may be missing.
--   KEYS[1] memory   hash of the installation: run = the verified server, "topic:partition" = everything before this offset is in
--   ARGV[1..]        field and offset of each
-- Returns 1 when noted, 0 on a server that nobody has verified
local run = redis.call('HGET', KEYS[1], 'run')
if not run or not redis.call('INFO', 'server'):find('run_id:' .. run, 1, true) then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
