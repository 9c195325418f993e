-- include: permits. Finds the moments at which calls may go under every shared limit at once, and takes their places.
-- Needs: limits, rolling, throttle.

-- Calls under way, whatever their age.
local function concurrency(limit)
  limit.held = tonumber(redis.call('HGET', limit.state, 'held') or '0')
  return function(i)
    return i <= limit.count - limit.held and 0 or UNKNOWN
  end
end

-- Moments (µs, rising) of at most `want` calls up to now + horizon; then when the next one could go (UNKNOWN: after an answer) and the
-- limit that binds it (nil: none).
local function permits(limits, want, now, horizon)
  local rules = {}
  for i, limit in ipairs(limits) do
    rules[i] = limit.kind == 'concurrency' and concurrency(limit) or rolling(limit, want + 1, now, capped)
  end
  local moments = {}
  for i = 1, want + 1 do
    local at, binding = now, nil
    for r, rule in ipairs(rules) do
      local moment = rule(i)
      if moment > at then
        at, binding = moment, limits[r]
      end
    end
    if i > want or at > now + horizon then
      return moments, at, binding
    end
    moments[i] = at
  end
end

-- Takes the places of the first `k` moments.
local function hold_places(limits, k, linger_ms)
  for _, limit in ipairs(k > 0 and limits or {}) do
    if limit.kind == 'concurrency' then
      redis.call('HSET', limit.state, 'held', us(limit.held + k))
    else
      hold_rolling(limit, k)
    end
    redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger_ms))
  end
end
