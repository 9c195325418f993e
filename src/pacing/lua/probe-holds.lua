-- Somebody may have mended what the platform complained of: one call may try at once whether it is over. A repeat changes nothing.
--   KEYS[1] holds   hash of the home's holds
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2..] field of the holds that may be over; those that the platform announced by itself stay
-- Returns how many were shortened
-- include: ../../base/lua/_time.lua
-- include: _holds.lua
local now, shortened = now_us(ARGV[1]), 0
for i = 2, #ARGV do
  local hold = hold_of(redis.call('HGET', KEYS[1], ARGV[i]))
  if hold and hold.until_us > now and not hold.probing and hold.code:match('^%d+$') then
    hold.until_us = now
    write_hold(KEYS[1], ARGV[i], hold)
    shortened = shortened + 1
  end
end
return shortened
