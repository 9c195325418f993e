-- include: look. What may go next in a lane. KEYS[1..8] are those of peek.lua. Needs: time, lane, cursor, priority.
local PRIORITIES = { 'high', 'normal', 'bulk' }
-- Cursors of one queue that one look passes.
local LOOK_CURSORS = 32

-- The cursors at the head of a queue that have rows to show. Those that have none leave it.
local function ready(look, priority, most)
  local queue, found = look.queues[priority], {}
  for _, name in ipairs(redis.call('LRANGE', queue, 0, LOOK_CURSORS - 1)) do
    local c = not look.shown[name] and read_cursor(KEYS[5], name)
    if look.shown[name] then
      -- It has had its share before all others.
    elseif not c or c.next >= c.rows then
      drop_cursor(KEYS[5], KEYS[4], { [priority] = queue }, name)
    elseif has_ended(c, look.now) then
      look.ended[#look.ended + 1] = name
    elseif opens_at(c) > look.now then
      redis.call('LREM', queue, 1, name)
      place_cursor(queue, KEYS[4], priority, name, c, look.now)
    elseif is_closed(c, look.now) then
      look.closed[#look.closed + 1] = name
    else
      c.name, look.shown[name] = name, true
      found[#found + 1] = c
    end
    if #found == most then
      break
    end
  end
  return found
end

-- Shows at most `budget` candidates, `share` rows of one job before the next job's turn comes, and no new rows while `later_cap` items wait alone.
local function look_at_lane(now, budget, share, later_cap)
  local look = { now = now, ended = {}, closed = {}, shown = {}, queues = { high = KEYS[6], normal = KEYS[7], bulk = KEYS[8] } }
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', us(now), 'LIMIT', 0, 16)) do
    local priority, name = member:match('^(%S+) (%S+)$')
    redis.call('RPUSH', look.queues[priority], name)
    redis.call('ZREM', KEYS[4], member)
  end
  local overdue = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', us(now), 'LIMIT', 0, budget)
  local later = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', us(now), 'LIMIT', 0, budget)
  budget = budget - #later
  local runs = {}
  local full = redis.call('ZCARD', KEYS[3]) >= later_cap
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
    local found = ready(look, PRIORITIES[q], one.share_only and 1 or math.ceil(budget / share))
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
  return { 'ok', redis.call('HGET', KEYS[1], 'version') or '0', us(now), us(next_due), overdue, later, runs, look.ended, look.closed }
end
