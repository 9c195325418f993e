-- include: trim. Drops members of a sorted set that no longer count, at most so many in one call: a day's worth at once would stop Redis for 50 ms.
local TRIM = 500

local function trim(key, before)
  local stale = redis.call('ZCOUNT', key, '-inf', us(before))
  if stale > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, math.min(stale, TRIM) - 1)
  end
end
