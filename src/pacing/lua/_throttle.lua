-- include: throttle. A limit that moves with the platform's refusals: down to 0.97 of what it took in the last full second, and up
-- again in probes; a refused probe goes back to where it came from. The first probe after a refusal asks for 1 % more; each that is not refused doubles the next, so that the way back from
-- 60 to 80 takes a minute and not five.
--   state hash: cap = places for now; probe_at (µs) = when it may rise; step = by how much; probing = 1 while a probe is out;
--     refused = probes refused in a row; cut_at (µs) = when it was cut last; till (µs) = the last accepted call;
--     tick0…tick23 = "tick:n", accepted calls by the twentieth of a second of their end. (By whole seconds of the clock a lane that had
--     begun half a second before its first refusal was cut to half: 40.9/s where 60 were taken.)
local KEPT = 0.97
local STEP = 0.01
local MAX_STEP = 0.32
local PROBE_US = 10000000
local TIRED_PROBE_US = 60000000
-- So many refused probes in a row, and the next ones come rarely.
local TIRED_AFTER = 3
local TICK_US = 50000
local TICKS = 20
local RING = 24
-- A cut is judged by a full second under it: what is refused before that was under way.
local JUDGE_US = 1000000
-- Never more than halved at once: few accepted calls may be a late start and not the platform's measure.
local MOST_CUT = 0.5

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

local function slot_of(tick)
  return 'tick' .. us(tick % RING)
end

local function tick_of(text)
  local tick, n = (text or ''):match('^(%d+):(%d+)$')
  return tonumber(tick or '-1'), tonumber(n or '0')
end

-- Accepted calls by the tick of their end (tick → n), the last at `till` (µs).
local function count_accepted(limit, ticks, till)
  local order, slots = {}, { 'till' }
  for tick in pairs(ticks) do
    order[#order + 1] = tick
    slots[#slots + 1] = slot_of(tick)
  end
  if #order == 0 then
    return
  end
  local known = redis.call('HMGET', limit.state, unpack(slots))
  local fields = { 'till', us(math.max(till, tonumber(known[1] or '0'))) }
  for i, tick in ipairs(order) do
    local before, n = tick_of(known[i + 1])
    if before <= tick then
      fields[#fields + 1] = slot_of(tick)
      fields[#fields + 1] = us(tick) .. ':' .. us(ticks[tick] + (before == tick and n or 0))
    end
  end
  redis.call('HSET', limit.state, unpack(fields))
end

-- Accepted in the second up to the last accepted call; the oldest tick counts for the part of it that lies within.
local function accepted_lately(limit, now)
  local slots = { 'till' }
  for slot = 0, RING - 1 do
    slots[#slots + 1] = slot_of(slot)
  end
  local h = redis.call('HMGET', limit.state, unpack(slots))
  local till, sum = tonumber(h[1] or '0'), 0
  if till < now - 2 * JUDGE_US then
    return 0
  end
  local newest, part = math.floor(till / TICK_US), (till % TICK_US) / TICK_US
  for i = 2, #h do
    local tick, n = tick_of(h[i])
    local age = newest - tick
    if age >= 0 and age < TICKS then
      sum = sum + n
    elseif age == TICKS then
      sum = sum + n * (1 - part)
    end
  end
  return sum
end

-- The platform refused a call because there were too many. Calls that were under way then are refused too: they change nothing more.
local function throttle(limit, now)
  local h = redis.call('HMGET', limit.state, 'cap', 'probing', 'refused', 'cut_at', 'step')
  if now < tonumber(h[4] or '0') + JUDGE_US then
    return
  end
  local before = math.min(limit.count, tonumber(h[1] or limit.count))
  local probed, cap = h[2] == '1', nil
  if probed then
    -- Back to what was not refused before the probe. What was accepted is less than what might have been, and would sink with every probe.
    cap = before / (1 + tonumber(h[5] or STEP))
  else
    cap = math.max(1, MOST_CUT * before, math.min(before, KEPT * accepted_lately(limit, now)))
  end
  local refused = tonumber(h[3] or '0') + (probed and 1 or 0)
  local wait = refused >= TIRED_AFTER and TIRED_PROBE_US or PROBE_US
  redis.call('HSET', limit.state, 'cap', cap, 'step', STEP, 'probing', '0', 'refused', us(refused))
  redis.call('HSET', limit.state, 'probe_at', us(now + wait), 'cut_at', us(now))
end
