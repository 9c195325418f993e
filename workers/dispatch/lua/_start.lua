-- include: start. Marks candidates as started, in order, as long as there are moments for them.
-- batch: now, moments, deadline (µs); used = moments taken; runs = answer per started run; flying, left = what is now under way.
-- keys: later, cursors, and lists = the queues in order.
local QUEUED_BYTE = ('q'):byte()
-- A row that came back to a paused job is looked at again after this; resuming looks at once.
local CLOSED_LOOK_US = 60000000

-- The next moment's call goes to this row. Moments are written as µs from now: short, and exact.
local function grant(batch, items, index)
  batch.used = batch.used + 1
  items[#items + 1] = index .. '+' .. string.format('%d', batch.moments[batch.used] - batch.now)
end

-- Rows of one job that were started together with the same try.
local function record_run(batch, job, slot, from, to, try, items)
  local run = table.concat({ job.id, from, to, try }, ':')
  batch.runs[#batch.runs + 1] = slot .. ',' .. run .. ',' .. table.concat(items, ' ')
  batch.flying[#batch.flying + 1] = us(batch.moments[batch.used] + batch.deadline)
  batch.flying[#batch.flying + 1] = run
  batch.left[#batch.left + 1] = run
  batch.left[#batch.left + 1] = #items
end

-- A job that is paused or canceled starts nothing.
local function is_open(job)
  if job.open == nil then
    job.open = redis.call('HGET', job.row, 'state') == 'open'
  end
  return job.open
end

-- A row that waited alone, of a job that is not open: it goes on waiting, or has been canceled.
local function keep_back(batch, keys, job, index)
  local state = redis.call('HGET', job.row, 'state')
  if state == 'paused' then
    redis.call('ZADD', keys.later, us(batch.now + CLOSED_LOOK_US), job.id .. ':' .. index)
  elseif state == 'canceling' and status_at(job.statuses, index) == 'q' then
    move(job.row, job.statuses, index, 'q', 'c')
    complete_if_done(job.row, batch.now)
  end
end

-- Starts one row that waited alone.
local function start_one(batch, keys, job, slot, index)
  if not is_open(job) then
    redis.call('ZREM', keys.later, job.id .. ':' .. index)
    return keep_back(batch, keys, job, index)
  end
  if redis.call('ZREM', keys.later, job.id .. ':' .. index) == 1 and status_at(job.statuses, index) == 'q' then
    local try, items = (try_at(job.tries, index) + 1) % 256, {}
    redis.call('SETRANGE', job.tries, index, string.char(try))
    move(job.row, job.statuses, index, 'q', 's')
    grant(batch, items, us(index))
    record_run(batch, job, slot, us(index), us(index), try, items)
  end
end

-- Moves a cursor on; it leaves its queue at the end, and goes to the back once it had its share.
local function advance(keys, list, name, cursor, to, had_share)
  if to >= cursor.rows then
    redis.call('HDEL', keys.cursors, name)
    redis.call('LREM', list, 1, name)
    return
  end
  cursor.next = to
  write_cursor(keys.cursors, name, cursor)
  if had_share and redis.call('LINDEX', list, 0) == name then
    redis.call('LMOVE', list, list, 'LEFT', 'RIGHT')
  end
end

-- Starts rows of a run, for the first time each; passes rows that are no longer queued. Rows between the cursor and the run are not the cursor's.
local function start_run(batch, keys, job, slot, name, from, count, queue)
  local cursor = is_open(job) and read_cursor(keys.cursors, name)
  if not cursor or from < cursor.next or (name == job.id and from > cursor.next) then
    return
  end
  local bytes = redis.call('GETRANGE', job.statuses, from, from + count - 1)
  local items, passed, free = {}, 0, #batch.moments - batch.used
  while passed < #bytes do
    if bytes:byte(passed + 1) == QUEUED_BYTE then
      if #items == free then
        break
      end
      grant(batch, items, string.format('%d', from + passed))
    end
    passed = passed + 1
  end
  if #items > 0 then
    local span = bytes:sub(1, passed)
    redis.call('SETRANGE', job.statuses, from, (span:gsub('q', 's')))
    redis.call('SETRANGE', job.tries, from, string.rep('\1', passed))
    redis.call('HINCRBY', job.row, 'n:q', -#items)
    redis.call('HINCRBY', job.row, 'n:s', #items)
    record_run(batch, job, slot, us(from), us(from + passed - 1), 1, items)
  end
  if passed > 0 then
    advance(keys, keys.lists[queue], name, cursor, from + passed, passed == count)
  end
end
