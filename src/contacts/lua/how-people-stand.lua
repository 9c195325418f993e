-- Tells how people stand, and when: one step, so that of two answers the later one is newer. Changes nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] started     sorted set: person by when they last asked for messages again (ms)
--   ARGV[1..]           people
-- Returns {now (µs), opt-out of each, start of each}
-- include: ../../base/lua/_time.lua
return { us(now_us('')), redis.call('HMGET', KEYS[1], unpack(ARGV)), redis.call('ZMSCORE', KEYS[2], unpack(ARGV)) }
