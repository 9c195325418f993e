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
-- Cursors of one queue that one look passes.
local LOOK_CURSORS = 32
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return { 'gone' }
end
local PRIORITIES = { 'high', 'normal', 'bulk' }
local QUEUE = { high = KEYS[6], normal = KEYS[7], bulk = KEYS[8] }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', us(now), 'LIMIT', 0, 16)) do
  local priority, name = member:match('^(%S+) (%S+)$')
  redis.call('RPUSH', QUEUE[priority], name)
  redis.call('ZREM', KEYS[4], member)
end
local ended, closed, shown = {}, {}, {}

-- The cursors at the head of a queue that have rows to show. Those that have none leave it.
local function ready(priority, most)
  local queue, found = QUEUE[priority], {}
  for _, name in ipairs(redis.call('LRANGE', queue, 0, LOOK_CURSORS - 1)) do
    local c = not shown[name] and read_cursor(KEYS[5], name)
    if shown[name] then
      -- It has had its share before all others.
    elseif not c or c.next >= c.rows then
      drop_cursor(KEYS[5], KEYS[4], { [priority] = queue }, name)
    elseif has_ended(c, now) then
      ended[#ended + 1] = name
    elseif opens_at(c) > now then
      redis.call('LREM', queue, 1, name)
      place_cursor(queue, KEYS[4], priority, name, c, now)
    elseif is_closed(c, now) then
      closed[#closed + 1] = name
    else
      c.name, shown[name] = name, true
      found[#found + 1] = c
    end
    if #found == most then
      break
    end
  end
  return found
end

local budget, share = tonumber(ARGV[3]), tonumber(ARGV[4])
local overdue = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', us(now), 'LIMIT', 0, budget)
local later = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', us(now), 'LIMIT', 0, budget)
budget = budget - #later
local runs = {}
local full = redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5])
-- When the next row of a cursor that is shown comes due: none of its later rows is shown before.
local next_due = 0
local function due_later(at)
  if at > now and (next_due == 0 or at < next_due) then
    next_due = at
  end
end
for _, one in ipairs(order_of(KEYS[1])) do
  local q = one.q
  if budget <= 0 or full then
    break
  end
  local found = ready(PRIORITIES[q], one.share_only and 1 or math.ceil(budget / share))
  -- One job alone takes the whole window; several take turns, or the second would wait for half a window of the first.
  local each = (#found > 1 or one.share_only) and share or budget
  for _, c in ipairs(found) do
    local due = due_rows(c, now)
    local count = math.min(each, budget, due - c.next)
    for _, part in ipairs({ c.name:match('^[^/]+'), c.name, us(c.next), us(count), us(q), us(due) }) do
      runs[#runs + 1] = part
    end
    budget = budget - count
    due_later(due < c.rows and due_at(c, due) or 0)
    due_later(c.closes > 0 and c.closes - CLOSE_MARGIN_US or 0)
  end
end
for _, key in ipairs({ KEYS[3], KEYS[4] }) do
  local head = redis.call('ZRANGEBYSCORE', key, '(' .. us(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  due_later(tonumber(head[2] or '0'))
end
return { 'ok', redis.call('HGET', KEYS[1], 'version') or '0', us(now), us(next_due), overdue, later, runs, ended, closed }
