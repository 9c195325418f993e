-- Notes that a home is right on the server that it is on now. Repeatable.
--   KEYS[1] seat    hash of the home: run = run id of the server, seq = number of its last logged take
--   ARGV[1] seq     at least this
--   ARGV[2] ttl     ms after which it must be verified anew; 0: it stays
-- Returns 'new' | 'same' | 'moved': it had no seat, this one, or one on another server
local run = redis.call('INFO', 'server'):match('run_id:(%w+)')
local seat = redis.call('HMGET', KEYS[1], 'run', 'seq')
redis.call('HSET', KEYS[1], 'run', run)
if tonumber(seat[2] or '0') < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'seq', ARGV[1])
end
if ARGV[2] == '0' then
  redis.call('PERSIST', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return not seat[1] and 'new' or seat[1] == run and 'same' or 'moved'
