-- The platform said by itself that something of a home must wait, or that it need not any more. A repeat changes nothing.
-- What was said earlier than what is known changes nothing either.
--   KEYS[1] holds     hash of the home's holds
--   KEYS[2] said      field → when something was last said of it (unix ms)
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] field     what must wait
--   ARGV[3] until     µs; 0: it need not wait any more
--   ARGV[4] code      the platform's word for it
--   ARGV[5] at        unix ms at which it was said
--   ARGV[6] at_least  1: a hold that ends later stays
-- Returns 1 when there was something to change
-- include: ../../base/lua/_time.lua
local LINGER_MS = 86400000
-- Longer than the log keeps what was said.
local SAID_MS = 10 * 86400000
local now, until_us = now_us(ARGV[1]), tonumber(ARGV[3])
if tonumber(redis.call('HGET', KEYS[2], ARGV[2]) or '0') > tonumber(ARGV[5]) then
  return 0
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[5])
redis.call('PEXPIRE', KEYS[2], us(SAID_MS))
if until_us <= now then
  return redis.call('HDEL', KEYS[1], ARGV[2])
end
local before = redis.call('HGET', KEYS[1], ARGV[2])
if ARGV[6] == '1' and tonumber((before or '0'):match('^%d+')) >= until_us then
  return 0
end
local hold = us(until_us) .. '|' .. ARGV[4] .. '|0|'
if before == hold then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[2], hold)
local life = us(math.ceil((until_us - now) / 1000) + LINGER_MS)
redis.call('PEXPIRE', KEYS[1], life, 'GT')
redis.call('PEXPIRE', KEYS[1], life, 'NX')
return 1
