-- Wakes lanes of one home that sleep although they have work: what they wait for has changed. An idle lane stays idle, and a lane without
-- a hash gets none. A repeat gives the same tickets again.
--   KEYS[1] lanes     the home's lanes by the time a turn must have opened
--   KEYS[2..] lane    hash of each lane
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2..] sender  member of the lanes set, in the order of KEYS[2..]
-- Returns a ticket number per lane, '0' where none is needed
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
local tickets = {}
for i = 2, #KEYS do
  local h = redis.call('HMGET', KEYS[i], 'n', 'until', 'wake')
  local n, lease, wake = h[1] or '0', tonumber(h[2] or '0'), tonumber(h[3] or '0')
  if lease > now then
    -- A turn that is about to sleep looks once more.
    redis.call('HINCRBY', KEYS[i], 'version', 1)
    n = '0'
  elseif wake == 0 then
    n = '0'
  elseif wake > now then
    n = us(arrive(KEYS[i], KEYS[1], ARGV[i], now, now))
  end
  tickets[#tickets + 1] = n
end
return tickets
