-- include: freed. Calls have ended: what they held of the shared limits is taken until one period after their end, or free at once
-- when they were never written.

-- The end that counts for a place: its own, or that of its bucket.
local function free_at(limit, ended)
  if not limit.bucketed then
    return ended + limit.per
  end
  local width = math.ceil(limit.per / BUCKETS)
  return (math.floor(ended / width) + 1) * width + limit.per
end

-- Adds to the last entry when its time is the same, and drops up to two entries whose time has long come.
local function push_bucket(limit, at, ended)
  local last_at, n = entry_of(redis.call('LINDEX', limit.times, -1) or 'none')
  if last_at == at then
    redis.call('LSET', limit.times, -1, us(at) .. ':' .. us(n + 1))
  else
    redis.call('RPUSH', limit.times, us(at) .. ':1')
  end
  limit.used = limit.used + 1
  for _ = 1, 2 do
    local first_at, gone = entry_of(redis.call('LINDEX', limit.times, 0))
    if first_at > ended or redis.call('LLEN', limit.times) == 1 then
      return
    end
    redis.call('LPOP', limit.times)
    limit.used = limit.used - gone
  end
end

-- Times rise along the list: one that comes late waits for those before it, which is never too early.
local function push_places(limit, written)
  local last = entry_of(redis.call('LINDEX', limit.times, -1) or '0')
  local times = {}
  for i, ended in ipairs(written) do
    local at = math.max(free_at(limit, ended), last)
    if limit.bucketed then
      push_bucket(limit, at, ended)
    else
      times[i] = us(at)
    end
  end
  if limit.bucketed then
    redis.call('HSET', limit.state, 'used', us(limit.used))
  else
    redis.call('RPUSH', limit.times, unpack(times))
  end
end

-- `written`: ends (µs, rising) of those of `count` calls that were written.
local function free_of(limit, count, written, linger_ms)
  if redis.call('HINCRBY', limit.state, 'held', -count) < 0 then
    redis.call('HSET', limit.state, 'held', '0')
  end
  redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger_ms))
  if limit.kind == 'concurrency' or #written == 0 then
    return
  end
  local used = redis.call('HGET', limit.state, 'used')
  limit.bucketed = used and true or limit.count > EXACT_PLACES
  limit.used = limit.bucketed and tonumber(used or redis.call('LLEN', limit.times))
  push_places(limit, written)
  redis.call('PEXPIRE', limit.times, us(limit.per / 1000 + linger_ms))
end

-- Calls have ended, each at a time (µs); false: never written.
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
