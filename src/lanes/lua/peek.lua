-- Shows what may go next in a lane, in order: overdue calls, items that waited alone, then runs of rows by priority and in turn between jobs.
-- Admits cursors whose time has come, and sends those back to wait whose next row is not due. Grants nothing.
--   KEYS[1] lane       hash of the lane
--   KEYS[2] fly        started runs with calls under way
--   KEYS[3] later      items that wait alone
--   KEYS[4] scheduled  cursors that wait for a time, members "priority cursor"
--   KEYS[5] cursors    cursor → where it stands
--   KEYS[6] high       queue of cursors
--   KEYS[7] normal     queue of cursors
--   KEYS[8] bulk       queue of cursors
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] fence      of the turn
--   ARGV[3] rows       at most this many candidates
--   ARGV[4] share      rows of one job before the next job's turn comes
--   ARGV[5] later_cap  with this many items waiting alone, no new rows are shown
-- Returns {'gone'} | {'ok', version, now, next_due, overdue[], later[], runs[], ended[], closed[]}; next_due = when another look shows more, or
--   must show less; runs are flat: job, cursor, from, count, queue (1 high … 3 bulk), due = rows of the job that are due; ended = cursors whose
--   job's time has passed; closed = cursors that wait to be told when they are open next
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
-- include: _cursor.lua
-- include: _priority.lua
-- include: _look.lua
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return { 'gone' }
end
return look_at_lane(now, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]))
