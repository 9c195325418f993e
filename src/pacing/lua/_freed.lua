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

-- Drops entries whose time has come by `ended` from the head, two at most for each place that was added, and never the last.
local function drop_gone(limit, most, ended)
  local gone, head = 0, redis.call('LRANGE', limit.times, 0, most)
  for i, text in ipairs(head) do
    local at, n = entry_of(text)
    if at > ended or i == #head then
      break
    end
    gone, limit.used = i, limit.used - n
  end
  if gone > 0 then
    redis.call('LPOP', limit.times, gone)
  end
end

-- Adds to the last entry as long as the time is the same.
local function push_buckets(limit, written)
  local last_at, n = entry_of(redis.call('LINDEX', limit.times, -1) or 'none')
  local entries, known = {}, last_at ~= nil
  for _, ended in ipairs(written) do
    local at = math.max(free_at(limit, ended), last_at or 0)
    if at == last_at then
      n = n + 1
    else
      entries[#entries + 1] = last_at and us(last_at) .. ':' .. us(n)
      last_at, n = at, 1
    end
  end
  entries[#entries + 1] = us(last_at) .. ':' .. us(n)
  if known then
    redis.call('LSET', limit.times, -1, table.remove(entries, 1))
  end
  if #entries > 0 then
    redis.call('RPUSH', limit.times, unpack(entries))
  end
  limit.used = limit.used + #written
  drop_gone(limit, 2 * #written, written[#written])
  redis.call('HSET', limit.state, 'used', us(limit.used))
end

-- Times rise along the list: one that comes late waits for those before it, which is never too early.
local function push_exact(limit, written)
  local last, times = entry_of(redis.call('LINDEX', limit.times, -1) or '0'), {}
  for i, ended in ipairs(written) do
    times[i] = us(math.max(free_at(limit, ended), last))
  end
  redis.call('RPUSH', limit.times, unpack(times))
end

local function push_places(limit, written)
  local push = limit.bucketed and push_buckets or push_exact
  push(limit, written)
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
