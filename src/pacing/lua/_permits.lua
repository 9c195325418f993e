-- include: permits. Finds the moments at which calls may go under every limit at once.
-- A rolling limit is `count` places per `per`: a place is held by a call under way, and after its answer it is taken until answer + per.
--   state hash: held = calls under way, grid = next moment of the even grid (µs); times list: when taken places come free, rising.
-- A lane that fell behind its grid may catch up this much.
local CATCH_UP_US = 50000
-- A moment that only an answer can tell.
local UNKNOWN = math.huge

-- Reads limit specs from ARGV at `at`: count of limits, then kind, count, per (µs), pace of each. KEYS from `key` on: state, times of each.
local function read_limits(at, key)
  local limits = {}
  for i = 1, tonumber(ARGV[at]) do
    local base = at + (i - 1) * 4
    limits[i] = {
      kind = ARGV[base + 1],
      count = tonumber(ARGV[base + 2]),
      per = tonumber(ARGV[base + 3]),
      pace = ARGV[base + 4],
      state = KEYS[key + (i - 1) * 2],
      times = KEYS[key + (i - 1) * 2 + 1],
    }
  end
  return limits, at + #limits * 4 + 1, key + #limits * 2
end

-- The moment of the i-th call from now under one rolling limit.
local function rolling(limit, want, now)
  local h = redis.call('HMGET', limit.state, 'held', 'grid')
  limit.held = tonumber(h[1] or '0')
  limit.free = limit.count - limit.held - redis.call('LLEN', limit.times)
  limit.step = limit.per / limit.count
  limit.grid = math.max(tonumber(h[2] or '0'), now - CATCH_UP_US)
  local times = redis.call('LRANGE', limit.times, 0, math.max(0, want - limit.free - 1))
  return function(i)
    local at = now
    if i > limit.free then
      at = tonumber(times[i - limit.free] or UNKNOWN)
    end
    if limit.pace == 'even' then
      at = math.max(at, limit.grid + (i - 1) * limit.step)
    end
    return math.max(at, now)
  end
end

-- Calls under way, whatever their age.
local function concurrency(limit)
  limit.held = tonumber(redis.call('HGET', limit.state, 'held') or '0')
  return function(i)
    return i <= limit.count - limit.held and 0 or UNKNOWN
  end
end

-- Moments (µs, rising) of at most `want` calls up to now + horizon; then when the next one could go (UNKNOWN: after an answer) and the index of the limit that binds it.
local function permits(limits, want, now, horizon)
  local rules = {}
  for i, limit in ipairs(limits) do
    rules[i] = limit.kind == 'rolling' and rolling(limit, want + 1, now) or concurrency(limit)
  end
  local moments = {}
  for i = 1, want + 1 do
    local at, binding = now, 0
    for r, rule in ipairs(rules) do
      local moment = rule(i)
      if moment > at then
        at, binding = moment, r
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
    if limit.kind == 'rolling' then
      if k > limit.free then
        redis.call('LPOP', limit.times, k - limit.free)
      end
      redis.call('HSET', limit.state, 'held', us(limit.held + k), 'grid', us(limit.grid + k * limit.step))
    else
      redis.call('HSET', limit.state, 'held', us(limit.held + k))
    end
    redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger_ms))
  end
end

-- `written`: ends (µs, rising) of those calls that were written.
local function free_of(limit, count, written, linger_ms)
  if redis.call('HINCRBY', limit.state, 'held', -count) < 0 then
    redis.call('HSET', limit.state, 'held', '0')
  end
  redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger_ms))
  if limit.kind ~= 'rolling' or #written == 0 then
    return
  end
  -- Times rise along the list: one that comes late waits for those before it, which is never too early.
  local last, times = tonumber(redis.call('LINDEX', limit.times, -1) or '0'), {}
  for i, at in ipairs(written) do
    times[i] = us(math.max(at + limit.per, last))
  end
  redis.call('RPUSH', limit.times, unpack(times))
  redis.call('PEXPIRE', limit.times, us(limit.per / 1000 + linger_ms))
end

-- Calls have ended, each at a time (µs): its places come free one period later. False: never written, so they are free at once.
local function free_places(limits, ended, linger_ms)
  local written = {}
  for _, at in ipairs(ended) do
    written[#written + 1] = at or nil
  end
  table.sort(written)
  for _, limit in ipairs(#ended > 0 and limits or {}) do
    free_of(limit, #ended, written, linger_ms)
  end
end
