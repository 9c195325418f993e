-- What is known of people: the other key of one whom the platform calls by another number, and their opt-out under either. Changes nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] aliases     hash: person → the person that the platform says it is
--   ARGV[1..]           people
-- Returns three of each of whom something is known: position (from 1), other key ('' = none), opt-out ('' = none)
local known = {}
local other = redis.call('EXISTS', KEYS[2]) == 1 and redis.call('HMGET', KEYS[2], unpack(ARGV)) or {}
local found = redis.call('HMGET', KEYS[1], unpack(ARGV))
for i = 1, #ARGV do
  local text = found[i] or (other[i] and redis.call('HGET', KEYS[1], other[i]))
  if text or other[i] then
    known[#known + 1] = i
    known[#known + 1] = other[i] or ''
    known[#known + 1] = text or ''
  end
end
return known
