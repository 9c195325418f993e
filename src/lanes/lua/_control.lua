-- include: control. What each control does to a job's row and its cursors. Needs: time, lane, cursor, items.
-- job: id, row, ends (µs: when it expires or dies), priority, queues = keys by priority; keys: later, cursors, scheduled.

-- The job's cursors that still have rows.
local function each_cursor(keys, job, visit)
  local sets = redis.call('HGET', job.row, 'zones')
  if not sets then
    local c = read_cursor(keys.cursors, job.id)
    return c and visit(job.id, c)
  end
  for z = 0, #cjson.decode(sets) - 1 do
    local name = job.id .. '/' .. z
    local c = read_cursor(keys.cursors, name)
    if c then
      visit(name, c)
    end
  end
end

-- Takes a cursor out of every queue and every wait; it stays known.
local function take_out(keys, job, name)
  for priority, queue in pairs(job.queues) do
    redis.call('LREM', queue, 0, name)
    redis.call('ZREM', keys.scheduled, priority .. ' ' .. name)
  end
end

-- The job's items that wait alone, with their times. At most as many as a lane lets wait alone.
local function each_waiting(keys, job, visit)
  local found = redis.call('ZRANGE', keys.later, 0, -1, 'WITHSCORES')
  for i = 1, #found, 2 do
    if found[i]:sub(1, #job.id + 1) == job.id .. ':' then
      visit(found[i], tonumber(found[i + 1]))
    end
  end
end

-- Nothing of it is shown before it ends, when its rows expire like those of any job.
local function rest(keys, job)
  each_cursor(keys, job, function(name, c)
    take_out(keys, job, name)
    c.opens, c.closes = job.ends, job.ends
    write_cursor(keys.cursors, name, c)
    place_cursor(job.queues[job.priority], keys.scheduled, job.priority, name, c, 0)
  end)
  each_waiting(keys, job, function(member)
    redis.call('ZADD', keys.later, us(job.ends), member)
  end)
  return job.ends
end

-- Everything of it goes on. Returns when the first may.
local function go_on(keys, job, now)
  local first = job.ends
  each_cursor(keys, job, function(name, c)
    take_out(keys, job, name)
    -- When it is open is told anew.
    c.opens, c.closes = 0, math.min(c.closes, 1)
    write_cursor(keys.cursors, name, c)
    first = math.min(first, place_cursor(job.queues[job.priority], keys.scheduled, job.priority, name, c, now))
  end)
  each_waiting(keys, job, function(member, at)
    if at >= job.ends then
      redis.call('ZADD', keys.later, us(now), member)
      first = now
    end
  end)
  return math.max(first, now)
end

local function forget(keys, job)
  each_cursor(keys, job, function(name)
    drop_cursor(keys.cursors, keys.scheduled, job.queues, name)
  end)
  each_waiting(keys, job, function(member)
    redis.call('ZREM', keys.later, member)
  end)
end

-- New times for every cursor.
local function retime(keys, job, start, spread, ends)
  each_cursor(keys, job, function(name, c)
    c.start, c.spread, c.ends = start, spread, ends
    write_cursor(keys.cursors, name, c)
  end)
end
