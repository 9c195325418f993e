-- include: start. Marks candidates as started, in order, as long as there are moments for them and nothing holds the row itself back.
-- batch: now, moments, deadline (µs); used = moments taken; runs = answer per started run; flying, left = what is now under way;
--   wait, waits_for = when the first row left in its place may go, and the limit that holds it; by = rows started, by queue.
-- keys: later, cursors, scheduled, and lists = the queues in order. job: id, state, ends (µs, 0 = never), marketing, held_until (its
-- template's hold), and its keys.
local QUEUED_BYTE = ('q'):byte()
-- A row that came back to a paused job is looked at again after this; resuming looks at once.
local CLOSED_LOOK_US = 60000000
local PERSON_LETTERS = 16
-- Persons looked up in one call.
local SLICE_ROWS = 64
-- Why a row waits alone; the letter stands behind it in the later set.
local WHY = { pair = 'p', rest = 'u', unique = 'm', template = 't' }
local PRIORITY = { 'high', 'normal', 'bulk' }

-- The next moment's call goes to this row. Moments are written as µs from now: short, and exact.
local function grant(batch, run, index, person, i)
  batch.used = batch.used + 1
  local moment = batch.moments[batch.used]
  local before = note_person(batch.personal, person, i, batch.now, moment, batch.deadline)
  run[#run + 1] = index .. '+' .. string.format('%d', moment - batch.now) .. (before ~= '' and '~' .. before or '')
end

-- Rows of one job that were started together with the same try.
local function record_run(batch, job, slot, from, to, try, items)
  local run = table.concat({ job.id, us(from), us(to), try }, ':')
  batch.runs[#batch.runs + 1] = slot .. ',' .. run .. ',' .. table.concat(items, ' ')
  batch.flying[#batch.flying + 1] = us(batch.moments[batch.used] + batch.deadline)
  batch.flying[#batch.flying + 1] = run
  batch.left[#batch.left + 1] = run
  batch.left[#batch.left + 1] = #items
end

local function person_of(persons, i)
  return persons:sub((i - 1) * PERSON_LETTERS + 1, i * PERSON_LETTERS)
end

local function persons_of(persons, from, to)
  local list = {}
  for i = from, to do
    list[#list + 1] = person_of(persons, i)
  end
  return list
end

-- Nothing waits alone longer than its job.
local function until_end(job, at)
  return job.ends > 0 and math.min(at, job.ends) or at
end

-- Whether the row at `i` of the last look-up must wait: it goes to the later set, or stays in its place. Then until when.
local function waits(batch, keys, job, index, person, i)
  local moment = batch.moments[batch.used + 1]
  local at, limit, alone = person_wait(batch.personal, person, i, batch.now, moment, batch.deadline, job.marketing)
  if not at then
    return nil
  end
  if alone and batch.room > 0 then
    batch.room = batch.room - 1
    redis.call('ZADD', keys.later, us(until_end(job, at)), job.id .. ':' .. index .. ':' .. WHY[limit.kind])
    return 'later', at, limit
  end
  if at < batch.wait then
    batch.wait, batch.waits_for = at, limit
  end
  return 'stays', at, limit
end

-- A row that waited alone, of a job that is not open: it goes on waiting, or has been canceled.
local function keep_back(batch, keys, job, index, member)
  if job.state == 'paused' then
    redis.call('ZADD', keys.later, us(batch.now + CLOSED_LOOK_US), member)
  elseif job.state == 'canceling' then
    move(job.row, job.statuses, index, 'q', 'c')
    complete_if_done(job.row, batch.now)
  end
end

-- Starts one row that waited alone. `why`: the letter it waited under.
local function start_one(batch, keys, job, slot, index, why, person)
  local name = us(index)
  local member = job.id .. ':' .. name .. ':' .. why
  if redis.call('ZREM', keys.later, member) == 0 or status_at(job.statuses, index) ~= 'q' then
    return
  end
  if job.state ~= 'open' then
    return keep_back(batch, keys, job, index, member)
  end
  if job.held_until then
    redis.call('ZADD', keys.later, us(until_end(job, job.held_until)), job.id .. ':' .. name .. ':' .. WHY.template)
    return
  end
  look_up(batch.personal, person ~= '' and { person } or {})
  local wait, at, limit = waits(batch, keys, job, name, person, 1)
  if wait then
    if wait == 'stays' then
      redis.call('ZADD', keys.later, us(until_end(job, at)), job.id .. ':' .. name .. ':' .. WHY[limit.kind])
    end
    return
  end
  local try, items = (try_at(job.tries, index) + 1) % 256, {}
  redis.call('SETRANGE', job.tries, index, string.char(try))
  move(job.row, job.statuses, index, 'q', 's')
  grant(batch, items, name, person, 1)
  record_run(batch, job, slot, index, index, try, items)
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
