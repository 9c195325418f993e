-- Tells a cursor when its rows may go next. A second run writes the same.
--   KEYS[1] cursors  cursor → where it stands
--   ARGV[1] cursor   its name
--   ARGV[2] opens    µs
--   ARGV[3] closes   µs
-- Returns 1, or 0 when the cursor is gone
-- include: ../../base/lua/_time.lua
-- include: _cursor.lua
local c = read_cursor(KEYS[1], ARGV[1])
if not c then
  return 0
end
c.opens, c.closes = tonumber(ARGV[2]), tonumber(ARGV[3])
write_cursor(KEYS[1], ARGV[1], c)
return 1
