-- What is known of people: the other key of one whom the platform calls by another number, and under either their opt-out and when they were
-- forgotten. Changes nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] aliases     hash: person → the person that the platform says it is
--   KEYS[3] forgotten   sorted set: person by when they were forgotten (unix ms)
--   ARGV[1..]           people
-- Returns four of each of whom something is known: position (from 1), other key ('' = none), opt-out ('' = none), forgotten at ('' = never)
local known = {}
local other = redis.call('EXISTS', KEYS[2]) == 1 and redis.call('HMGET', KEYS[2], unpack(ARGV)) or {}
local found = redis.call('HMGET', KEYS[1], unpack(ARGV))
local gone = redis.call('EXISTS', KEYS[3]) == 1 and redis.call('ZMSCORE', KEYS[3], unpack(ARGV)) or {}
for i = 1, #ARGV do
  local text = found[i] or (other[i] and redis.call('HGET', KEYS[1], other[i]))
  local at = gone[i] or (other[i] and redis.call('ZSCORE', KEYS[3], other[i]))
  if text or other[i] or at then
    known[#known + 1] = i
    known[#known + 1] = other[i] or ''
    known[#known + 1] = text or ''
    known[#known + 1] = at or ''
  end
end
return known
