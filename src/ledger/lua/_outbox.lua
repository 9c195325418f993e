-- include: outbox. What has moved, for customers who want to be told: one entry per script in the home's outbox, written with the moves.
-- Needs: time. `letters` says what somebody wants to hear of: the status moved to, J = jobs, L = holds; '' = nobody wants anything, and nothing is done.
-- A field of the entry is a job's id; its value the number of its first line, then the lines: "to try,result line" of an item that moved,
-- "!what\tat\n" of the job itself. Numbers rise per job. Or it is "sender:id", with lines "%code\tuntil\tat\tfield\n" of what must wait.
local function open_outbox(key, letters)
  return { key = key, letters = letters, jobs = {}, order = {} }
end

local function tell_line(outbox, id, row, line)
  local job = outbox.jobs[id]
  if not job then
    job = { row = row, lines = {} }
    outbox.jobs[id] = job
    outbox.order[#outbox.order + 1] = id
  end
  job.lines[#job.lines + 1] = line
end

-- An item has moved; `line` is its result line.
local function tell_item(outbox, id, row, to, try, line)
  if outbox.letters ~= '' and outbox.letters:find(to, 1, true) then
    tell_line(outbox, id, row, to .. us(try) .. ',' .. line)
  end
end

-- Something has become of the job; `what` false: nothing has.
local function tell_job(outbox, id, row, what, now)
  if what and outbox.letters:find('J', 1, true) then
    tell_line(outbox, id, row, '!' .. what .. '\t' .. us(math.floor(now / 1000)) .. '\n')
  end
end

-- Something of a sender must wait; `till` nil: nothing new.
local function tell_hold(outbox, sender, field, code, till, now)
  if till and outbox.letters:find('L', 1, true) then
    local times = us(math.floor(till / 1000)) .. '\t' .. us(math.floor(now / 1000))
    tell_line(outbox, 'sender:' .. sender, nil, '%' .. code .. '\t' .. times .. '\t' .. field .. '\n')
  end
end

local function post(outbox)
  if #outbox.order == 0 then
    return
  end
  local fields = {}
  for _, id in ipairs(outbox.order) do
    local job = outbox.jobs[id]
    local last = job.row and redis.call('HINCRBY', job.row, 'told', #job.lines) or #job.lines
    fields[#fields + 1] = id
    fields[#fields + 1] = us(last - #job.lines + 1) .. '\n' .. table.concat(job.lines)
  end
  redis.call('XADD', outbox.key, '*', unpack(fields))
end
