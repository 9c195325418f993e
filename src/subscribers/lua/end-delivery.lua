-- Ends one try of a delivery: it is done with, or is tried again later. A repeat after a lost reply changes nothing.
--   KEYS[1] due      positions that wait
--   KEYS[2] tries    position → tries that failed
--   KEYS[3] state    of the endpoint: failures, since, until
--   KEYS[4] log      what was tried
--   ARGV[1] clock    µs, or '' for the server's time
--   ARGV[2] position of the record
--   ARGV[3] try      number of this one, from 1
--   ARGV[4] again    unix ms of the next try; '' = it was taken
--   ARGV[5] until    unix ms before which nothing is sent to this endpoint, '0' = no such time
--   ARGV[6] told     JSON for the log
--   ARGV[7] kept     ms that all this is kept
--   ARGV[8] most     entries of the log
--   ARGV[9] many     failures in a row after which a success makes all that waits due at once
-- Returns {failures, since}: failures of the endpoint in a row, and since when (unix ms)
-- include: ../../base/lua/_time.lua
local now = math.floor(now_us(ARGV[1]) / 1000)
local known = redis.call('HMGET', KEYS[3], 'failures', 'since')
local taken = ARGV[4] == ''
local failed_before = tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0')
if not redis.call('ZSCORE', KEYS[1], ARGV[2]) or (not taken and failed_before >= tonumber(ARGV[3])) then
  return { known[1] or '0', known[2] or '0' }
end
if taken then
  redis.call('ZREM', KEYS[1], ARGV[2])
  redis.call('HDEL', KEYS[2], ARGV[2])
  redis.call('DEL', KEYS[3])
  if tonumber(known[1] or '0') >= tonumber(ARGV[9]) then
    redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', 0)
  end
  known = { '0', '0' }
else
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
  redis.call('ZADD', KEYS[1], 'XX', ARGV[4], ARGV[2])
  redis.call('HSETNX', KEYS[3], 'since', us(now))
  redis.call('HSET', KEYS[3], 'until', ARGV[5])
  known = { us(redis.call('HINCRBY', KEYS[3], 'failures', 1)), redis.call('HGET', KEYS[3], 'since') }
end
redis.call('XADD', KEYS[4], 'MAXLEN', '=', ARGV[8], '*', 't', ARGV[6])
for _, key in ipairs(KEYS) do
  redis.call('PEXPIRE', key, ARGV[7])
end
return known
