-- include: throttle. A limit that moves with the platform's refusals: down to 0.97 of what it took in the last full second, and up
-- again in probes. The first probe after a refusal asks for 1 % more; each that is not refused doubles the next, so that the way back from
-- 60 to 80 takes a minute and not five.
--   state hash: cap = places for now; probe_at (µs) = when it may rise; step = by how much; probing = 1 while a probe is out;
--     refused = probes refused in a row; sec, acc, last = second (s), accepted in it, accepted in the one before
local KEPT = 0.97
local STEP = 0.01
local MAX_STEP = 0.32
local PROBE_US = 10000000
local TIRED_PROBE_US = 60000000
-- So many refused probes in a row, and the next ones come rarely.
local TIRED_AFTER = 3

-- The count for now; raises it when a probe is due.
local function capped(limit, cap, now)
  cap = tonumber(cap)
  local h = redis.call('HMGET', limit.state, 'probe_at', 'step', 'probing')
  if now < tonumber(h[1] or '0') then
    return math.min(cap, limit.count)
  end
  local step = tonumber(h[2] or STEP)
  if h[3] == '1' then
    -- The last probe was not refused.
    step = math.min(MAX_STEP, step * 2)
    redis.call('HSET', limit.state, 'refused', '0')
  end
  cap = cap * (1 + step)
  if cap >= limit.count then
    redis.call('HDEL', limit.state, 'cap', 'probe_at', 'step', 'probing', 'refused')
    return limit.count
  end
  redis.call('HSET', limit.state, 'cap', cap, 'step', step, 'probing', '1', 'probe_at', us(now + PROBE_US))
  return cap
end

-- Accepted calls by the second of their end (s → n), into the two seconds that are remembered.
local function count_accepted(limit, seconds)
  local h = redis.call('HMGET', limit.state, 'sec', 'acc', 'last')
  local sec, acc, last = tonumber(h[1] or '0'), tonumber(h[2] or '0'), tonumber(h[3] or '0')
  local order = {}
  for second in pairs(seconds) do
    order[#order + 1] = second
  end
  table.sort(order)
  for _, second in ipairs(order) do
    if second == sec - 1 then
      last = last + seconds[second]
    elseif second >= sec then
      if second > sec then
        last = second == sec + 1 and acc or 0
        sec, acc = second, 0
      end
      acc = acc + seconds[second]
    end
  end
  if #order > 0 then
    redis.call('HSET', limit.state, 'sec', us(sec), 'acc', us(acc), 'last', us(last))
  end
end

-- The platform refused a call because there were too many. Calls that were under way then are refused too: they change nothing more.
local function throttle(limit, now)
  local h = redis.call('HMGET', limit.state, 'cap', 'probing', 'refused', 'sec', 'acc', 'last')
  local acc, last = tonumber(h[5] or '0'), tonumber(h[6] or '0')
  if tonumber(h[4] or '0') < math.floor(now / 1000000) - 1 then
    acc, last = 0, 0
  end
  local cap = math.max(1, KEPT * (last > 0 and last or acc))
  local before = tonumber(h[1] or limit.count)
  local refused = tonumber(h[3] or '0') + (h[2] == '1' and 1 or 0)
  local wait = refused >= TIRED_AFTER and TIRED_PROBE_US or PROBE_US
  redis.call('HSET', limit.state, 'cap', math.min(cap, before), 'step', STEP, 'probing', '0', 'refused', us(refused))
  redis.call('HSET', limit.state, 'probe_at', us(now + wait))
end
