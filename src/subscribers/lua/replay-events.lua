-- Makes records of a time range due again for one endpoint, some of them. A repeat finds them due already.
--   KEYS[1] due     positions that wait
--   KEYS[2] events  stream of the workspace's records
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] from    first position
--   ARGV[3] to      last position
--   ARGV[4] most    records of one run
--   ARGV[5] kept    ms that they are kept
-- Returns {count, last}: how many, and the last of them ('' = none)
-- include: ../../base/lua/_time.lua
local now = us(math.floor(now_us(ARGV[1]) / 1000))
local last = ''
local found = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[3], 'COUNT', ARGV[4])
for _, record in ipairs(found) do
  last = record[1]
  redis.call('ZADD', KEYS[1], now, last)
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return { us(#found), last }
