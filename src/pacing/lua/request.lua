-- Counts one request under several rolling limits at once, or under none when one of them is full. Never repeated by its caller: a lost
-- reply may have counted a request that was let through uncounted, which is one place too few, never one too many.
--   KEYS[1..]  per limit: state, times (lua/_rolling.lua)
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] linger  ms that keys outlive their period
--   ARGV[3..] count, per (µs) of each limit
-- Returns {granted (1 | 0), now, used, free_at, …}: used and free_at (µs at which the next place comes free, 0: none is taken) per limit
-- include: ../../base/lua/_time.lua
-- include: _rolling.lua
-- include: _freed.lua
-- include: _requests.lua
local now = now_us(ARGV[1])
local linger = tonumber(ARGV[2])
local limits, granted = read_windows(3), 1
for _, limit in ipairs(limits) do
  drop_free(limit, now)
  if rolling(limit, 1, now)(1) > now then
    granted = 0
  end
end
if granted == 1 then
  for _, limit in ipairs(limits) do
    push_places(limit, { now })
    if not limit.bucketed then
      limit.used = limit.used + 1
    end
    redis.call('PEXPIRE', limit.times, us(limit.per / 1000 + linger))
  end
end
for _, limit in ipairs(limits) do
  redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger))
end
return windows_told({ granted, us(now) }, limits)
