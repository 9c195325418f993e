-- Opens a turn on a lane for the holder of ticket n.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started runs with calls under way
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] n         number of the ticket
--   ARGV[3] owner     token of the opener; the same token again gets the same answer
--   ARGV[4] sender    member of the lanes set
-- Returns {'open', fence, now, until} | {'stale'} | {'leased'}
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'n', 'until', 'fence', 'owner', 'from')
local lease, n, last = tonumber(h[2] or '0'), tonumber(ARGV[2]), tonumber(h[1])
if not last or n > last or n < tonumber(h[5] or last) then
  return { 'stale' }
end
if lease > now then
  if h[4] == ARGV[3] then
    return { 'open', h[3], us(now), h[2] }
  end
  return { 'leased' }
end
if lease > 0 then
  -- The last turn was never given back: its holder is dead or frozen. What it started and did not settle is overdue since its lease ended.
  for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    redis.call('ZADD', KEYS[3], 'LT', us(lease), member)
  end
end
local fence = us(math.max((tonumber(h[3]) or 0) + 1, now))
redis.call('HSET', KEYS[1], 'fence', fence, 'owner', ARGV[3], 'wake', '0', 'holder', '')
redis.call('PERSIST', KEYS[1])
return { 'open', fence, us(now), renew(KEYS[1], KEYS[2], ARGV[4], now) }
