-- Takes a cursor whose job is gone out of its lane. A second run finds nothing.
--   KEYS[1] cursors    cursor → where it stands
--   KEYS[2] scheduled  cursors that wait for a time
--   KEYS[3] high       queue of cursors
--   KEYS[4] normal     queue of cursors
--   KEYS[5] bulk       queue of cursors
--   ARGV[1] cursor     its name
-- Returns 1
-- include: ../../base/lua/_time.lua
-- include: _cursor.lua
drop_cursor(KEYS[1], KEYS[2], { high = KEYS[3], normal = KEYS[4], bulk = KEYS[5] }, ARGV[1])
return 1
