-- Moves a cursor past rows that are not its own. A second run finds it there.
--   KEYS[1] cursors  cursor → where it stands
--   ARGV[1] cursor   its name
--   ARGV[2] from     where it stands
--   ARGV[3] to       its next row, or the number of rows
-- Returns 1 when it stands at `to` now, else 0
-- include: ../../base/lua/_time.lua
-- include: _cursor.lua
local c = read_cursor(KEYS[1], ARGV[1])
if not c or c.next ~= tonumber(ARGV[2]) then
  return c and c.next == tonumber(ARGV[3]) and 1 or 0
end
c.next = tonumber(ARGV[3])
write_cursor(KEYS[1], ARGV[1], c)
return 1
