-- People wrote to a number: each one's customer service window, and the guard band of the number's throughput, which counts what comes in as
-- well as what goes out. A repeat opens no window longer; at worst it widens the guard.
--   KEYS[1] window    sorted set: person → when the window ends (µs)
--   KEYS[2] state     state hash of the number's throughput
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] second    unix s in which they arrived
--   ARGV[3] messages  how many arrived
--   ARGV[4..]         person and end of the window (µs) of each
-- Returns {guard, opened}: the guard band, the most that came in one second of the last minute; how many windows were not open before
-- include: ../../base/lua/_time.lua
-- include: _trim.lua
local GUARD_US = 60000000
local now = now_us(ARGV[1])
local opened = 0

if ARGV[4] then
  trim(KEYS[1], now)
  local latest = 0
  for i = 4, #ARGV, 2 do
    if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or '0') <= now then
      opened = opened + 1
    end
    redis.call('ZADD', KEYS[1], 'GT', ARGV[i + 1], ARGV[i])
    latest = math.max(latest, tonumber(ARGV[i + 1]))
  end
  local last = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or latest)
  redis.call('PEXPIREAT', KEYS[1], us(math.ceil(math.max(latest, last) / 1000)))
end

-- The messages of one second may come in several calls. `low`: the most of a second since the guard was set, for when it ends;
-- a minute later it is forgotten.
local h = redis.call('HMGET', KEYS[2], 'guard', 'guard_until', 'in_second', 'in_count', 'low')
local count = tonumber(ARGV[3]) + (h[3] == ARGV[2] and tonumber(h[4] or '0') or 0)
local guard, low = tonumber(h[1] or '0'), tonumber(h[5] or '0')
local ends = tonumber(h[2] or '0')
if ends <= now then
  guard, low = math.max(count, ends > now - GUARD_US and low or 0), 0
  redis.call('HSET', KEYS[2], 'guard_until', us(now + GUARD_US))
elseif count >= guard then
  guard, low = count, 0
  redis.call('HSET', KEYS[2], 'guard_until', us(now + GUARD_US))
else
  low = math.max(low, count)
end
redis.call('HSET', KEYS[2], 'guard', us(guard), 'in_second', ARGV[2], 'in_count', us(count), 'low', us(low))
redis.call('PEXPIRE', KEYS[2], us(2 * GUARD_US / 1000), 'GT')
redis.call('PEXPIRE', KEYS[2], us(2 * GUARD_US / 1000), 'NX')
return { guard, opened }
