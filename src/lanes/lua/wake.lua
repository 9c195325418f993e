-- Wakes lanes of one home that sleep although they have work: what they wait for has changed. An idle lane stays idle, and a lane without
-- a hash gets none. What waits for its template or for the messaging limit is looked at again. A repeat gives the same tickets again.
--   KEYS[1] lanes     the home's lanes by the time a turn must have opened
--   KEYS[2..]         per lane: its hash, cursors, scheduled, later
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2..] sender  member of the lanes set, in the order of the lanes
-- Returns a ticket number per lane, '0' where none is needed
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
-- include: _cursor.lua
-- Cursors and items of one lane that one call looks at; more of them wait for their own time.
local LOOK = 1000
local now = now_us(ARGV[1])

local function unpark(cursors, scheduled, later)
  local ahead = { '(' .. us(now), '+inf', 'LIMIT', 0, LOOK }
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', scheduled, unpack(ahead))) do
    local name = member:match(' (%S+)$')
    local c = read_cursor(cursors, name)
    if c and c.parked > now then
      c.parked = 0
      write_cursor(cursors, name, c)
      redis.call('ZADD', scheduled, us(math.max(now, opens_at(c))), member)
    end
  end
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', later, unpack(ahead))) do
    -- Their template, or the messaging limit.
    if member:find(':[tm]$') then
      redis.call('ZADD', later, us(now), member)
    end
  end
end

local tickets = {}
for i = 2, #KEYS, 4 do
  unpark(KEYS[i + 1], KEYS[i + 2], KEYS[i + 3])
  local h = redis.call('HMGET', KEYS[i], 'n', 'until', 'wake')
  local n, lease, wake = h[1] or '0', tonumber(h[2] or '0'), tonumber(h[3] or '0')
  if lease > now then
    -- A turn that is about to sleep looks once more.
    redis.call('HINCRBY', KEYS[i], 'version', 1)
    n = '0'
  elseif wake == 0 then
    n = '0'
  elseif wake > now then
    n = us(arrive(KEYS[i], KEYS[1], ARGV[(i + 6) / 4], now, now))
  end
  tickets[#tickets + 1] = n
end
return tickets
