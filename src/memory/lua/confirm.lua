-- Notes that this Redis holds what the log says up to these offsets. Not when the server has changed since somebody looked. Repeatable.
--   KEYS[1] memory   hash of the installation: run = the verified server, "topic:partition" = everything before this offset is in
--   ARGV[1] run      run id of the server that was looked at
--   ARGV[2..]        field and offset of each
-- Returns 1 when noted, 0 on another server
if not redis.call('INFO', 'server'):find('run_id:' .. ARGV[1], 1, true) then
  return 0
end
redis.call('HDEL', KEYS[1], 'lost')
redis.call('HSET', KEYS[1], 'run', unpack(ARGV))
return 1
