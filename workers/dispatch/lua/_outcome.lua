-- include: outcome. Outcomes as workers/dispatch/settle.ts writes them: what neighbours have in common stands once before them.
local GROUP = '^(%d+),(%d+),(%d+),(%a),(%d),(%d),(%d+),(%d+),(%a),(%d)$'
local ONE = '(%d+),(%d+),([^,]*),([^,]*),([^\n]*\n)'

-- What a group's outcomes share. Notes that the platform throttles.
local function read_group(text, chunks, runs, batch)
  local chunk, run, try, to, written, counts, most, due, why, throttled = text:match(GROUP)
  batch.throttled = batch.throttled or throttled == '1'
  local group = {
    chunk = chunks[tonumber(chunk)],
    run = runs[tonumber(run)],
    try = tonumber(try) % 256,
    to = to,
    written = written == '1',
    counts = counts == '1',
    most = tonumber(most),
    due = tonumber(due),
    why = why,
  }
  group.__index = group
  return group
end

-- Calls `apply` with each outcome of a group; what it does not say itself its group says.
local function each_outcome(body, group, apply)
  for index, ended, person, mark, line in body:gmatch(ONE) do
    apply(setmetatable({
      index = tonumber(index),
      ended = group.written and tonumber(ended),
      person = person,
      mark = mark,
      line = line,
    }, group))
  end
end

-- Runs of which calls have ended; a run without calls is forgotten.
local function end_runs(landed, fly, flying)
  for run, count in pairs(landed) do
    if redis.call('HINCRBY', flying, run, -count) <= 0 then
      redis.call('HDEL', flying, run)
      redis.call('ZREM', fly, run)
    end
  end
end
