-- Counts calls that are over in the limits of their sender, as far as they still count there. Never too few: what was there before stays.
-- One batch of the log counts once.
--   KEYS[1] seat      of the home: seq = number of its last logged take, places = the batch that was counted last
--   KEYS[2..]         per limit: state, times
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] batch     names the part of the log that these calls come from
--   ARGV[3] seq       the home's takes go on behind this number
--   ARGV[4] linger    ms that limit keys outlive their period
--   ARGV[5..]         limits: how many, then kind, count, per (µs), pace, whose of each; then the end (µs) of each call
-- Returns how many calls were given
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/pacing/lua/_limits.lua
-- include: ../../../src/pacing/lua/_rolling.lua
-- include: ../../../src/pacing/lua/_freed.lua
local now, linger = now_us(ARGV[1]), tonumber(ARGV[4])
local seat = redis.call('HMGET', KEYS[1], 'seq', 'places')
if tonumber(seat[1] or '0') < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'seq', ARGV[3])
end
local shared, _, at = read_limits(5, 2)
if seat[2] == ARGV[2] then
  return #ARGV - at + 1
end
redis.call('HSET', KEYS[1], 'places', ARGV[2])
for _, limit in ipairs(shared) do
  local ended = {}
  for i = at, #ARGV do
    local one = tonumber(ARGV[i])
    if limit.kind ~= 'concurrency' and one + limit.per > now then
      ended[#ended + 1] = one
    end
  end
  table.sort(ended)
  if #ended > 0 then
    local used = redis.call('HGET', limit.state, 'used')
    limit.bucketed = used and true or limit.count > EXACT_PLACES
    limit.used = limit.bucketed and tonumber(used or redis.call('LLEN', limit.times))
    redis.call('HSETNX', limit.state, 'per', us(limit.per))
    local push = limit.bucketed and push_buckets or push_places
    push(limit, ended)
    redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger))
    redis.call('PEXPIRE', limit.times, us(limit.per / 1000 + linger))
  end
end
return #ARGV - at + 1
