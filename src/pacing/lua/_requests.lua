-- include: requests. Windows of requests, whose places are taken from the request on: nothing is under way. Needs: rolling.
local CHUNK = 100

-- ARGV from `at` on: count, per (µs) of each; KEYS: state, times of each.
local function read_windows(at)
  local limits = {}
  for i = 1, #KEYS / 2 do
    local base = at + (i - 1) * 2
    limits[i] = {
      count = tonumber(ARGV[base]),
      per = tonumber(ARGV[base + 1]),
      pace = 'burst',
      state = KEYS[i * 2 - 1],
      times = KEYS[i * 2],
    }
  end
  return limits
end

-- Drops the places whose time has come: each is dropped once, so a request pays for one.
local function drop_free(limit, now)
  local head = entry_of(redis.call('LINDEX', limit.times, 0) or 'none')
  local gone = head and head <= now and CHUNK or 0
  while gone == CHUNK do
    local places = 0
    gone = 0
    for _, text in ipairs(redis.call('LRANGE', limit.times, 0, CHUNK - 1)) do
      local at, n = entry_of(text)
      if at > now then
        break
      end
      gone, places = gone + 1, places + n
    end
    if gone > 0 then
      redis.call('LPOP', limit.times, gone)
      if redis.call('HEXISTS', limit.state, 'used') == 1 then
        redis.call('HINCRBY', limit.state, 'used', -places)
      end
    end
  end
end

local function windows_told(reply, limits)
  for _, limit in ipairs(limits) do
    reply[#reply + 1] = us(limit.used)
    reply[#reply + 1] = us(free_times(limit, math.max(0, limit.used - limit.count), 1)[1] or 0)
  end
  return reply
end
