-- include: start-run. Starts rows of a cursor, for the first time each. Rows that a person's limit holds back wait alone, or stay behind in
-- their place: then the cursor stays at the first of them, and the rows behind it are looked at all the same.
-- Needs: start.

-- Marks neighbours as started, and notes them as one run.
local function start_neighbours(batch, job, slot, first, items)
  local count = #items
  redis.call('SETRANGE', job.statuses, first, ('s'):rep(count))
  redis.call('SETRANGE', job.tries, first, ('\1'):rep(count))
  redis.call('HINCRBY', job.row, 'n:q', -count)
  redis.call('HINCRBY', job.row, 'n:s', count)
  record_run(batch, job, slot, first, first + count - 1, 1, items)
end

-- Walks rows from..; calls start for each that may go. Returns how many rows were passed, and the first that stays behind.
local function walk(batch, keys, job, slot, from, bytes, tries, persons)
  local items, first, behind, looked_from, looked_to = {}, nil, nil, 1, 1
  local function close()
    if #items > 0 then
      start_neighbours(batch, job, slot, first, items)
      items = {}
    end
  end
  for i = 1, #bytes do
    local index = from + i - 1
    local fresh = bytes:byte(i) == QUEUED_BYTE and (tries:byte(i) or 0) == 0
    if fresh and batch.used == #batch.moments then
      close()
      return i - 1, behind
    end
    local wait = nil
    if fresh and persons ~= '' then
      if i >= looked_to then
        looked_from, looked_to = i, i + SLICE_ROWS
        look_up(batch.personal, persons_of(persons, i, math.min(#bytes, looked_to - 1)))
      end
      wait = waits(batch, keys, job, string.format('%d', index), person_of(persons, i), i - looked_from + 1)
      behind = behind or (wait == 'stays' and index) or nil
    end
    if fresh and not wait then
      first = #items == 0 and index or first
      grant(batch, items, string.format('%d', index), person_of(persons, i), i - looked_from + 1)
    else
      close()
    end
  end
  close()
  return #bytes, behind
end

local function start_run(batch, keys, job, slot, name, from, count, queue, persons, since)
  local cursor = read_cursor(keys.cursors, name)
  -- What was shown before its hours or its job ended may come too late.
  if not cursor or from + count <= cursor.next or is_closed(cursor, batch.now) or has_ended(cursor, batch.now) then
    return
  end
  if job.state == 'completed' then
    -- Its last rows were suppressed.
    drop_cursor(keys.cursors, keys.scheduled, { [PRIORITY[queue]] = keys.lists[queue] }, name)
  end
  if job.state ~= 'open' then
    return
  end
  if job.held_until then
    park_cursor(keys.cursors, keys.lists[queue], keys.scheduled, PRIORITY[queue], name, cursor, until_end(job, job.held_until))
    return
  end
  -- Shown before Redis went back a moment: the rows between are not to be passed over, if they are not of other zones.
  if since > cursor.next and cursor.behind == 0 then
    return
  end
  local skip = math.max(0, cursor.next - from)
  local first, last = from + skip, from + count - 1
  local bytes = redis.call('GETRANGE', job.statuses, first, last)
  local tries = redis.call('GETRANGE', job.tries, first, last)
  local before_used = batch.used
  local passed, behind = walk(batch, keys, job, slot, first, bytes, tries, persons:sub(skip * PERSON_LETTERS + 1))
  batch.left_behind = batch.left_behind or behind ~= nil
  batch.by[queue] = (batch.by[queue] or 0) + batch.used - before_used
  if cursor.behind == 1 and from > cursor.next then
    return
  end
  local to, before = behind or first + passed, cursor.behind
  cursor.behind = behind and 1 or 0
  if to > cursor.next or cursor.behind ~= before then
    advance(keys, keys.lists[queue], name, cursor, to, first + passed > last)
  end
end
