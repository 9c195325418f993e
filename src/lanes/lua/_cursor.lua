-- include: cursor. Where the rows of a job stand that go one after another, and when the next may be shown.
-- A cursor is named "job", or "job/z" for the rows of one zone of a job with quiet hours. Its text: "next rows ends start spread opens closes
-- behind parked", times in µs, 0 or absent where there is none: nothing goes from `ends` on; row i is due at start + spread * i / rows; rows may go from `opens`
-- until before `closes`, and after that somebody must tell the next two; behind = 1 while row `next` was passed because a limit about its person
-- held it: rows behind it may have gone, and only who starts from it moves the cursor; parked = until when its template
-- is held.
-- What is shown now is written so much later at most: its moment is up to 50 ms ahead, and a late call up to 250 ms late.
local CLOSE_MARGIN_US = 500000

local function parse_cursor(text)
  local field = {}
  for number in text:gmatch('%d+') do
    field[#field + 1] = tonumber(number)
  end
  return {
    next = field[1],
    rows = field[2],
    ends = field[3] or 0,
    start = field[4] or 0,
    spread = field[5] or 0,
    opens = field[6] or 0,
    closes = field[7] or 0,
    behind = field[8] or 0,
    parked = field[9] or 0,
  }
end

local function read_cursor(cursors, name)
  local text = redis.call('HGET', cursors, name)
  return text and parse_cursor(text) or nil
end

local function write_cursor(cursors, name, c)
  local fields = { c.next, c.rows, c.ends, c.start, c.spread, c.opens, c.closes, c.behind, c.parked }
  for i, number in ipairs(fields) do
    fields[i] = us(number)
  end
  redis.call('HSET', cursors, name, table.concat(fields, ' '))
end

local function due_at(c, row)
  return c.spread == 0 and c.start or c.start + math.ceil(c.spread * row / c.rows)
end

-- How many rows from the first are due: exactly those whose due_at has come.
local function due_rows(c, now)
  if now < c.start then
    return 0
  end
  local due = c.spread == 0 and c.rows or math.floor((now - c.start) / c.spread * c.rows) + 1
  while due < c.rows and due_at(c, due) <= now do
    due = due + 1
  end
  while due > 0 and due_at(c, due - 1) > now do
    due = due - 1
  end
  return math.min(due, c.rows)
end

-- When the cursor must be looked at: its next row is due and it is open, or the job has ended.
local function opens_at(c)
  local at = math.max(due_at(c, c.next), c.opens)
  return c.ends > 0 and math.min(at, c.ends) or at
end

local function has_ended(c, now)
  return c.ends > 0 and c.ends <= now
end

-- Whether the span that was told last is over, or nearly.
local function is_closed(c, now)
  return c.closes > 0 and now >= c.closes - CLOSE_MARGIN_US
end

-- Puts a cursor that stands nowhere into its queue, or among those that wait for a time. Returns when it must be looked at.
local function place_cursor(queue, scheduled, priority, name, c, now)
  local at = opens_at(c)
  if at > now then
    redis.call('ZADD', scheduled, us(at), priority .. ' ' .. name)
  else
    redis.call('RPUSH', queue, name)
  end
  return at
end

-- Its template is held until then: the cursor leaves its queue.
local function park_cursor(cursors, queue, scheduled, priority, name, c, until_us)
  c.parked = until_us
  write_cursor(cursors, name, c)
  redis.call('LREM', queue, 1, name)
  redis.call('ZADD', scheduled, us(until_us), priority .. ' ' .. name)
end

-- Takes a cursor out of its lane. `queues`: keys by priority.
local function drop_cursor(cursors, scheduled, queues, name)
  redis.call('HDEL', cursors, name)
  for priority, queue in pairs(queues) do
    redis.call('LREM', queue, 0, name)
    redis.call('ZREM', scheduled, priority .. ' ' .. name)
  end
end
