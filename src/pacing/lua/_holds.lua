-- include: holds. What the platform said of more than one message: the number, the portfolio, the credentials or a template must wait.
-- holds hash of the home: field → "until|code|repeat|probing": until (µs), the platform's code, how often in a row, and 'p' while one call
-- probes whether it is over. Fields: sender:<id>, credentials:<id>, portfolio, template:<name>:<language>.
local PROBE_US = 5000000
local MAX_HOLDS = 1000

local function hold_of(text)
  if not text then
    return nil
  end
  local until_us, code, count, probing = text:match('^(%d+)|([^|]*)|(%d+)|(p?)$')
  return until_us and { until_us = tonumber(until_us), code = code, count = tonumber(count), probing = probing == 'p' }
end

-- The holds of these fields, by field.
local function read_holds(key, fields)
  local found = {}
  if redis.call('EXISTS', key) == 1 then
    for i, text in ipairs(redis.call('HMGET', key, unpack(fields))) do
      found[fields[i]] = hold_of(text)
    end
  end
  return found
end

local function write_hold(key, field, hold)
  redis.call('HSET', key, field, table.concat({ us(hold.until_us), hold.code, us(hold.count), hold.probing and 'p' or '' }, '|'))
end

-- One call goes to see whether a hold is over; the others wait a little longer.
local function probe(key, field, hold, now)
  hold.until_us, hold.probing = now + PROBE_US, true
  write_hold(key, field, hold)
end

-- The platform said so at `now`: [at least, base of the backoff, its cap] (µs), `share` of the backoff (0..1). Calls that were under way when
-- the hold began say the same again: only what comes after its end counts as a repeat. Returns when it ends (µs) if there was none before.
local function place_hold(key, order, now)
  local before = hold_of(redis.call('HGET', key, order.field))
  if before and before.until_us > now and not before.probing then
    return
  end
  if not before and redis.call('HLEN', key) >= MAX_HOLDS then
    return
  end
  local count = before and before.count + 1 or 0
  local backoff = math.min(order.cap, order.base * 2 ^ math.min(count, 30)) * order.share
  write_hold(key, order.field, { until_us = now + order.at_least + backoff, code = order.code, count = count })
  redis.call('PEXPIRE', key, us((order.at_least + order.cap) / 1000 + 86400000), 'GT')
  redis.call('PEXPIRE', key, us((order.at_least + order.cap) / 1000 + 86400000), 'NX')
  return not before and now + order.at_least + backoff or nil
end

-- A call was accepted: what was probed is over.
local function lift_holds(key, fields)
  for field, hold in pairs(read_holds(key, fields)) do
    if hold.probing then
      redis.call('HDEL', key, field)
    end
  end
end
