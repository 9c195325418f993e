-- Stores one record of events and hands it to its endpoints. A repeat, within the time that it is remembered, changes nothing.
--   KEYS[1] events   stream of the workspace's records
--   KEYS[2] seen     where this record is stored already
--   KEYS[3..] due    of each endpoint: positions that wait
--   ARGV[1] clock    µs, or '' for the server's time
--   ARGV[2] record   compressed, base64
--   ARGV[3] kept     ms that records are kept
--   ARGV[4] most     records kept
--   ARGV[5] seen     ms that a repeat is known
-- Returns {position, waiting…}: where it is stored, and how many wait for each endpoint
-- include: ../../base/lua/_time.lua
local now = now_us(ARGV[1]) / 1000
local position = redis.call('GET', KEYS[2])
if not position then
  position = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'r', ARGV[2])
  redis.call('XTRIM', KEYS[1], 'MINID', '~', us(math.max(0, math.floor(now - tonumber(ARGV[3])))))
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('SET', KEYS[2], position, 'PX', ARGV[5])
  for i = 3, #KEYS do
    redis.call('ZADD', KEYS[i], us(math.floor(now)), position)
    redis.call('PEXPIRE', KEYS[i], ARGV[3])
  end
end
local reply = { position }
for i = 3, #KEYS do
  reply[#reply + 1] = redis.call('ZCARD', KEYS[i])
end
return reply
