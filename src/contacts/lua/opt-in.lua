#!lua flags=allow-oom
-- Takes opt-outs back. A repeat finds nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] list        sorted set: person by time (ms)
--   KEYS[3] started     sorted set: person by when they last asked for messages again (ms)
--   ARGV[1] sources     only opt-outs of these, each between commas: ",platform,inbound,"; '' for all
--   ARGV[2] said        when the person asked for it (ms): what they said later stays; '' when it is not theirs
--   ARGV[3] kept        ms that their word is remembered, in case an older one is heard later
--   ARGV[4..]           people
-- Returns how many were taken back
local removed = 0
for i = 4, #ARGV do
  local text = redis.call('HGET', KEYS[1], ARGV[i])
  local at, source = (text or ''):match('^(%d+)|([^|]*)|')
  local earlier = at and (ARGV[2] == '' or tonumber(at) < tonumber(ARGV[2]))
  if earlier and (ARGV[1] == '' or ARGV[1]:find(',' .. source .. ',', 1, true)) then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    removed = removed + 1
  end
  if ARGV[2] ~= '' then
    redis.call('ZADD', KEYS[3], 'GT', ARGV[2], ARGV[i])
  end
end
if ARGV[2] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', string.format('%.0f', tonumber(ARGV[2]) - tonumber(ARGV[3])))
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
return removed
