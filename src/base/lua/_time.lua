-- include: time. The server's clock in integer microseconds, or the caller's own in tests.
-- `tostring`, `..` and cjson corrupt 16-digit numbers, so times are written with us().
local function us(n)
  return string.format('%.0f', n)
end

local function now_us(given)
  if given ~= '' then
    return tonumber(given)
  end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end
