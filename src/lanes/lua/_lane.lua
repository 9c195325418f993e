-- include: lane. Tickets and turns of one lane: a ticket number that rises, and a lease (fence, until).
-- Numbers start from the clock, so that they keep rising when an idle lane's hash has expired.
-- Tickets from..n are good: upkeep issues another when one is late, and the late one may still be the first to come.
local LEASE_US = 3000000
-- A turn that only waits for its process holds the lane this long; when the process dies, upkeep ends the lease.
local PARK_US = 20000000
-- A turn must have opened this long after its ticket was due; upkeep re-issues what is later.
local GRACE_US = 500000
local IDLE_SECONDS = 600

local function next_number(last, now)
  return math.max((tonumber(last) or 0) + 1, math.floor(now / 1000))
end

-- Work arrived that is due at `due`. Returns the number of a ticket to add, or 0 when none is needed.
local function arrive(lane, lanes, sender, due, now)
  local h = redis.call('HMGET', lane, 'n', 'until', 'wake')
  local lease, wake = tonumber(h[2] or '0'), tonumber(h[3] or '0')
  redis.call('HINCRBY', lane, 'version', 1)
  if lease > now then
    return 0
  end
  -- A ticket is under way that comes in time. (Opening a turn sets wake to 0.)
  if wake > 0 and wake <= due then
    return 0
  end
  local n = next_number(h[1], now)
  -- A lease that ended without being given back stays: it tells the next turn that its holder died.
  redis.call('HSET', lane, 'n', us(n), 'from', us(n), 'wake', us(due))
  redis.call('PERSIST', lane)
  redis.call('ZADD', lanes, us(math.max(due, now) + GRACE_US), sender)
  return n
end

-- Whether this fence holds the turn now.
local function holds(lane, fence, now)
  local h = redis.call('HMGET', lane, 'fence', 'until')
  return h[1] == fence and tonumber(h[2] or '0') > now
end

-- A turn that has parked its lane once keeps the long lease: it will wait again.
local function renew(lane, lanes, sender, now)
  local holder = redis.call('HGET', lane, 'holder')
  local till = us(now + (holder and holder ~= '' and PARK_US or LEASE_US))
  redis.call('HSET', lane, 'until', till)
  redis.call('ZADD', lanes, till, sender)
  return till
end
