-- include: rolling. `count` places per `per`: a place is held by a call under way, and after its end it is taken until end + per.
--   state hash: held = calls under way; grid = next moment of the even grid (µs); per (µs) as last seen; closed = nothing before (µs);
--     used = places in `times`, kept above EXACT_PLACES only; guard until guard_until (µs) = places left to what comes in
--   times list: when taken places come free (µs), rising; "µs:n" where n of them come free together
-- Up to EXACT_PLACES each place has its own time. Above, ends are rounded up to one of BUCKETS of the period: a place is never free too
-- early, and 100,000 a day cost 1,440 entries.
local EXACT_PLACES = 2000
local BUCKETS = 1440
-- A lane that fell behind its grid may catch up this much.
local CATCH_UP_US = 50000
-- A moment that only an answer can tell.
local UNKNOWN = math.huge
local ROLLING_FIELDS = { 'held', 'grid', 'used', 'per', 'closed', 'guard', 'guard_until', 'cap' }

local function entry_of(text)
  local at = tonumber(text)
  if at then
    return at, 1
  end
  local free_at, n = text:match('^(%d+):(%d+)$')
  return tonumber(free_at), tonumber(n)
end

-- When places come free, behind the first `skip` of them; at most `n` times.
local function free_times(limit, skip, n)
  local times, passed = {}, 0
  for _, text in ipairs(n > 0 and redis.call('LRANGE', limit.times, 0, skip + n - 1) or {}) do
    local at, count = entry_of(text)
    for _ = math.max(passed, skip) + 1, math.min(passed + count, skip + n) do
      times[#times + 1] = at
    end
    passed = passed + count
  end
  return times
end

-- A changed period is a new limit: what was counted under the old one holds everything back for one old period.
local function renew_period(limit, per, now)
  redis.call('HSET', limit.state, 'per', us(limit.per))
  if per and tonumber(per) ~= limit.per then
    limit.closed = now + tonumber(per)
    redis.call('HSET', limit.state, 'closed', us(limit.closed))
    redis.call('HDEL', limit.state, 'used')
    redis.call('DEL', limit.times)
  end
end

-- The moment of the i-th call from now. `capped` gives the count for now of an adaptive limit.
local function rolling(limit, want, now, capped)
  local h = redis.call('HMGET', limit.state, unpack(ROLLING_FIELDS))
  limit.closed = tonumber(h[5] or '0')
  if tonumber(h[4]) ~= limit.per then
    renew_period(limit, h[4], now)
    h[3] = nil
  end
  local rate = h[8] and capped(limit, h[8], now) or limit.count
  if tonumber(h[7] or '0') > now then
    rate = math.max(1, rate - tonumber(h[6] or '0'))
  end
  limit.bucketed = h[3] and true or limit.count > EXACT_PLACES
  limit.used = tonumber(h[3] or redis.call('LLEN', limit.times))
  limit.held = tonumber(h[1] or '0')
  limit.free = math.ceil(rate) - limit.held - limit.used
  limit.step = limit.per / rate
  limit.grid = math.max(tonumber(h[2] or '0'), now - CATCH_UP_US)
  local times = free_times(limit, math.max(0, -limit.free), math.max(0, want - math.max(0, limit.free)))
  return function(i)
    local at = math.max(now, limit.closed)
    if i > limit.free then
      at = math.max(at, times[i - math.max(0, limit.free)] or UNKNOWN)
    end
    if limit.pace == 'even' then
      at = math.max(at, limit.grid + (i - 1) * limit.step)
    end
    return at
  end
end

-- Takes the first `n` places out of the list: other calls hold them now.
local function pop_places(limit, n)
  if not limit.bucketed then
    redis.call('LPOP', limit.times, n)
    return
  end
  redis.call('HSET', limit.state, 'used', us(math.max(0, limit.used - n)))
  while n > 0 do
    local at, count = entry_of(redis.call('LPOP', limit.times) or 'none')
    if not at then
      return
    end
    if count > n then
      redis.call('LPUSH', limit.times, us(at) .. ':' .. us(count - n))
    end
    n = n - count
  end
end

local function hold_rolling(limit, k)
  if k > limit.free then
    pop_places(limit, k - limit.free)
  elseif limit.bucketed then
    redis.call('HSET', limit.state, 'used', us(limit.used))
  end
  redis.call('HSET', limit.state, 'held', us(limit.held + k), 'grid', us(limit.grid + k * limit.step))
end
