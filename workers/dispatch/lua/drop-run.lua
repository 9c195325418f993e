#!lua flags=allow-oom
-- Forgets a started run whose deadline has passed: what of it has an outcome is settled, and the rest can have none any more.
--   KEYS[1] fly       started runs with calls under way
--   KEYS[2] flying    started run → its calls under way
--   KEYS[3..]         per limit: state, times
--   ARGV[1] run       as the sets know it
--   ARGV[2] ended     µs from which its places come free one period later
--   ARGV[3] linger    ms that limit keys outlive their period
--   ARGV[4..]         limits: how many, then kind, count, per (µs), pace, whose of each
-- Returns how many calls it still had
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/pacing/lua/_limits.lua
-- include: ../../../src/pacing/lua/_rolling.lua
-- include: ../../../src/pacing/lua/_freed.lua
-- include: ../../../src/ledger/lua/_items.lua
local limits = read_limits(4, 3)
local left = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
local ended = {}
for i = 1, left do
  ended[i] = tonumber(ARGV[2])
end
free_places(limits, ended, tonumber(ARGV[3]))
redis.call('HDEL', KEYS[2], ARGV[1])
local job, from, to, try = ARGV[1]:match('^(.+):(%d+):(%d+):(%d+)$')
for index = tonumber(from or 1), tonumber(to or 0) do
  redis.call('HDEL', KEYS[2], early_field(job, index, tonumber(try)))
end
redis.call('ZREM', KEYS[1], ARGV[1])
return left
