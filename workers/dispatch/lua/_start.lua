-- include: start. Marks candidates as started, in order, as long as there are moments for them.
-- batch: moments, deadline (µs), grants, flying; keys: later, cursors, and lists = the queues in order.
local function grant(batch, job, slot, index, try)
  local moment = batch.moments[#batch.grants + 1]
  batch.grants[#batch.grants + 1] = slot .. ',' .. index .. ',' .. try .. ',' .. us(moment)
  batch.flying[#batch.flying + 1] = us(moment + batch.deadline)
  batch.flying[#batch.flying + 1] = job.id .. ':' .. index .. ':' .. try
end

-- Starts one row that waited alone.
local function start_one(batch, keys, job, slot, index)
  if redis.call('ZREM', keys.later, job.id .. ':' .. index) == 1 and status_at(job.statuses, index) == 'q' then
    local try = (try_at(job.tries, index) + 1) % 256
    redis.call('SETRANGE', job.tries, index, string.char(try))
    move(job.row, job.statuses, index, 'q', 's')
    grant(batch, job, slot, us(index), try)
  end
end

-- Moves a job's cursor on; the job leaves its queue at the end, and goes to the back once it had its share.
local function advance(keys, list, job, to, rows, had_share)
  if to >= tonumber(rows) then
    redis.call('HDEL', keys.cursors, job.id)
    redis.call('LREM', list, 1, job.id)
    return
  end
  redis.call('HSET', keys.cursors, job.id, us(to) .. ' ' .. rows)
  if had_share and redis.call('LINDEX', list, 0) == job.id then
    redis.call('LMOVE', list, list, 'LEFT', 'RIGHT')
  end
end

-- Starts rows from the cursor on; passes rows that are no longer queued.
local function start_run(batch, keys, job, slot, from, count, queue)
  local cursor, rows = (redis.call('HGET', keys.cursors, job.id) or ''):match('^(%d+) (%d+)$')
  if tonumber(cursor) ~= from then
    return
  end
  local bytes = redis.call('GETRANGE', job.statuses, from, from + count - 1)
  local tries = redis.call('GETRANGE', job.tries, from, from + count - 1)
  local status_out, try_out, before, passed = {}, {}, #batch.grants, 0
  while passed < #bytes do
    local byte, try = bytes:sub(passed + 1, passed + 1), tries:byte(passed + 1) or 0
    if byte == 'q' then
      if #batch.grants == #batch.moments then
        break
      end
      byte, try = 's', (try + 1) % 256
      grant(batch, job, slot, us(from + passed), try)
    end
    passed = passed + 1
    status_out[passed], try_out[passed] = byte, string.char(try)
  end
  local started = #batch.grants - before
  if started > 0 then
    redis.call('SETRANGE', job.statuses, from, table.concat(status_out))
    redis.call('SETRANGE', job.tries, from, table.concat(try_out))
    redis.call('HINCRBY', job.row, 'n:q', -started)
    redis.call('HINCRBY', job.row, 'n:s', started)
  end
  if passed > 0 then
    advance(keys, keys.lists[queue], job, from + passed, rows, passed == count)
  end
end
