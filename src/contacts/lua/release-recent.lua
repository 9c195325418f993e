#!lua flags=allow-oom
-- Items that were claimed and did not reach their person: others may write to them. What is not theirs stays, so a repeat changes nothing.
--   KEYS[1] recent  sorted set: person → when (s) and by which item they were claimed
--   ARGV[1..]       of each item: person and tag (below 2^21)
-- Returns how many were released
local SPAN, released = 2097152, 0
for i = 1, #ARGV, 2 do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[i]) or '-1')
  if score >= 0 and score % SPAN == tonumber(ARGV[i + 1]) then
    released = released + redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return released
