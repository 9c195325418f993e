-- Writes one contact and what finds it, if nobody has changed it since it was read. A repeat finds it as it is to be.
--   KEYS[1] contacts   hash: id → JSON
--   KEYS[2] numbers    hash: person → id
--   KEYS[3] externals  hash: external id → id
--   KEYS[4] updated    sorted set: id by its last change (ms)
--   KEYS[5..]          sorted sets of its tags: id by its last change (ms); first those that it has, then those that it had
--   ARGV[1] id         of the contact
--   ARGV[2] before     JSON as it was read, '' = it was not there
--   ARGV[3] after      JSON; '' = it is forgotten
--   ARGV[4] at         ms
--   ARGV[5] person     '' = no number; ARGV[6] external: '' = no external id
--   ARGV[6] external   '' = no external id
--   ARGV[7] person     that it had and has no more, '' = none
--   ARGV[8] external   that it had and has no more, '' = none
--   ARGV[9] tags       how many it has
-- Returns 1 when it stands as told, 0 when something has changed since it was read
local now = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if now ~= ARGV[3] then
  if now ~= ARGV[2] then
    return 0
  end
  for i, key in ipairs({ KEYS[2], KEYS[3] }) do
    local owner = ARGV[4 + i] ~= '' and redis.call('HGET', key, ARGV[4 + i])
    if owner and owner ~= ARGV[1] then
      return 0
    end
  end
end
for i, key in ipairs({ KEYS[2], KEYS[3] }) do
  if ARGV[6 + i] ~= '' and redis.call('HGET', key, ARGV[6 + i]) == ARGV[1] then
    redis.call('HDEL', key, ARGV[6 + i])
  end
  if ARGV[4 + i] ~= '' then
    redis.call('HSET', key, ARGV[4 + i], ARGV[1])
  end
end
for i = 5, #KEYS do
  if i - 4 <= tonumber(ARGV[9]) then
    redis.call('ZADD', KEYS[i], ARGV[4], ARGV[1])
  else
    redis.call('ZREM', KEYS[i], ARGV[1])
  end
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
end
return 1
