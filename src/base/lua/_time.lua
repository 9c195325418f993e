-- include: time. The server's clock in integer microseconds, or the caller's own in tests.
-- `tostring`, `..` and cjson corrupt 16-digit numbers, so times are written with us(): to the nearest whole number, and with '%d', for '%.0f'
-- takes five times as long (3 µs, more than a command).
local function us(n)
  n = n + 0.5
  return string.format('%d', n - n % 1)
end

local function now_us(given)
  if given ~= '' then
    return tonumber(given)
  end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end
