-- Opens a turn on a lane for the holder of ticket n, and shows what may go next.
--   KEYS[1..8]        as in peek.lua
--   KEYS[9] lanes     the home's lanes by the time a turn must have opened
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] n         number of the ticket
--   ARGV[3] owner     token of the opener; the same token again gets the same answer
--   ARGV[4] sender    member of the lanes set
--   ARGV[5] holder    the process, when the lane will wait for its places: its lease is then a long one, as after park.lua; else ''
--   ARGV[6..8]        rows, share, later_cap of peek.lua
-- Returns {'open', fence, now, until, what peek.lua shows} | {'stale'} | {'leased'}
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
-- include: _cursor.lua
-- include: _priority.lua
-- include: _look.lua
local now = now_us(ARGV[1])

local function open(fence, till)
  return { 'open', fence, us(now), till, look_at_lane(now, tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])) }
end

local h = redis.call('HMGET', KEYS[1], 'n', 'until', 'fence', 'owner', 'from')
local lease, n, last = tonumber(h[2] or '0'), tonumber(ARGV[2]), tonumber(h[1])
if not last or n > last or n < tonumber(h[5] or last) then
  return { 'stale' }
end
if lease > now then
  if h[4] == ARGV[3] then
    return open(h[3], h[2])
  end
  return { 'leased' }
end
if lease > 0 then
  -- The last turn was never given back: its holder is dead or frozen. What it started and did not settle is overdue since its lease ended.
  for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    redis.call('ZADD', KEYS[2], 'LT', us(lease), member)
  end
end
local fence = us(math.max((tonumber(h[3]) or 0) + 1, now))
redis.call('HSET', KEYS[1], 'fence', fence, 'owner', ARGV[3], 'wake', '0', 'holder', ARGV[5])
redis.call('PERSIST', KEYS[1])
return open(fence, renew(KEYS[1], KEYS[9], ARGV[4], now))
