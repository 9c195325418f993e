-- Writes objects and sets the next version, unless somebody wrote since the caller read. A repeat after a lost reply
-- finds the next version there and answers 1 again.
-- KEYS[1] the accounts hash
-- ARGV[1] version that the caller read, '' for none
-- ARGV[2] next version
-- ARGV[3..] field, value, field, value, ...; an empty value takes the field away
-- Returns 1 written, 0 somebody else was first: read again
local current = redis.call('HGET', KEYS[1], 'version') or ''
if current == ARGV[2] then return 1 end
if current ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
redis.call('HSET', KEYS[1], 'version', ARGV[2])
return 1
