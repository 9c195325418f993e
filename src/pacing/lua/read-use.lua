-- Reads how much of each limit is used. Changes nothing.
--   KEYS[1..]  per limit: state, times
--   ARGV[1] clock  µs, or '' for the server's time
--   ARGV[2..]  kind, count, per (µs) of each limit
-- Returns {now, text…}: per limit "count|held|grid|closed|releases", count = places for now, releases = "µs:n" joined by ","; of many
--   releases those side by side are told as one, by the last of them
-- include: ../../base/lua/_time.lua
local GROUPS = 96
local now = now_us(ARGV[1])

-- Notes places that come free at rising times, side by side ones together.
local function grouping(total)
  local size, groups, waiting = math.ceil(total / GROUPS), {}, 0
  return groups, function(at, n, last)
    waiting = waiting + n
    if at > now and (waiting >= size or last) then
      groups[#groups + 1] = us(at) .. ':' .. us(waiting)
      waiting = 0
    elseif at <= now then
      waiting = 0
    end
  end
end

local function rolling(state, times, count)
  local h = redis.call('HMGET', state, 'held', 'grid', 'closed', 'cap', 'guard', 'guard_until')
  count = math.min(count, tonumber(h[4] or count))
  if tonumber(h[6] or '0') > now then
    count = math.max(1, count - tonumber(h[5] or '0'))
  end
  local entries = redis.call('LRANGE', times, 0, -1)
  local groups, note = grouping(#entries)
  for i, text in ipairs(entries) do
    local at, n = text:match('^(%d+):?(%d*)$')
    note(tonumber(at), tonumber(n) or 1, i == #entries)
  end
  return table.concat({ count, h[1] or '0', h[2] or '0', h[3] or '0', table.concat(groups, ',') }, '|')
end

-- Sorted set of people by their last call; those under way stand in the future.
local function people(state, count, per)
  local first = redis.call('ZCOUNT', state, '-inf', us(now - per))
  local taken = redis.call('ZCOUNT', state, '(' .. us(now - per), us(now))
  local held = redis.call('ZCOUNT', state, '(' .. us(now), '+inf')
  local groups, size = {}, math.max(1, math.ceil(taken / GROUPS))
  for from = 0, taken - 1, size do
    local n = math.min(size, taken - from)
    local last = redis.call('ZRANGE', state, first + from + n - 1, first + from + n - 1, 'WITHSCORES')
    groups[#groups + 1] = us(tonumber(last[2]) + per) .. ':' .. us(n)
  end
  return table.concat({ count, us(held), '0', '0', table.concat(groups, ',') }, '|')
end

local uses = { us(now) }
for i = 1, #KEYS, 2 do
  local base = 2 + (i - 1) / 2 * 3
  local kind, count, per = ARGV[base], tonumber(ARGV[base + 1]), tonumber(ARGV[base + 2])
  if kind == 'rolling' then
    uses[#uses + 1] = rolling(KEYS[i], KEYS[i + 1], count)
  elseif kind == 'unique' then
    uses[#uses + 1] = people(KEYS[i], count, per)
  elseif kind == 'pair' then
    uses[#uses + 1] = table.concat({ count, us(redis.call('ZCOUNT', KEYS[i], '(' .. us(now), '+inf')), '0', '0', '' }, '|')
  else
    uses[#uses + 1] = table.concat({ count, redis.call('HGET', KEYS[i], 'held') or '0', '0', '0', '' }, '|')
  end
end
return uses
