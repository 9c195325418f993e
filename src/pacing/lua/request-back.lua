-- Gives back the places that one request took: it was a replay, and costs nothing. Never repeated by its caller.
--   KEYS[1..]  per limit: state, times (lua/_rolling.lua)
--   ARGV[1] clock  µs, or '' for the server's time
--   ARGV[2] mark   µs at which the places were taken
--   ARGV[3..] count, per (µs) of each limit
-- Returns {1, now, used, free_at, …} as request.lua does
-- include: ../../base/lua/_time.lua
-- include: _rolling.lua
-- include: _freed.lua
-- include: _requests.lua
local now = now_us(ARGV[1])
local mark = tonumber(ARGV[2])
-- Requests that came meanwhile stand behind the one that is looked for, in at most so many buckets.
local TAIL = 16

local function give_back_bucketed(limit)
  local at = free_at(limit, mark)
  local tail = redis.call('LRANGE', limit.times, -TAIL, -1)
  for i = #tail, 1, -1 do
    local found, n = entry_of(tail[i])
    if found == at then
      if n == 1 then
        redis.call('LREM', limit.times, -1, tail[i])
      else
        redis.call('LSET', limit.times, i - #tail - 1, us(at) .. ':' .. us(n - 1))
      end
      redis.call('HINCRBY', limit.state, 'used', -1)
      limit.used = limit.used - 1
      return
    end
  end
end

local limits = read_windows(3)
for _, limit in ipairs(limits) do
  drop_free(limit, now)
  rolling(limit, 0, now)
  if limit.bucketed then
    give_back_bucketed(limit)
  else
    limit.used = limit.used - redis.call('LREM', limit.times, -1, us(free_at(limit, mark)))
  end
end
return windows_told({ 1, us(now) }, limits)
