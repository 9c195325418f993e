-- include: outcome. One outcome as workers/dispatch/settle.ts writes it: fifteen arguments of their own would cost more to send and to read
-- than the rest of the script.
local OUTCOME = '^(%d+),(%d+),(%d+),(%d+),(%a),(%d),(%d),(%d+),(%d+),(%d+),(%a),(%d),([^,]*),([^,]*),(.*)$'

-- One argument of settle.lua. Notes that the platform throttles.
local function read_outcome(text, chunks, runs, batch)
  local chunk, run, index, try, to, written, counts, most, ended, due, why, throttled, person, mark, line = text:match(OUTCOME)
  batch.throttled = batch.throttled or throttled == '1'
  return {
    chunk = chunks[tonumber(chunk)],
    run = runs[tonumber(run)],
    index = tonumber(index),
    try = tonumber(try) % 256,
    to = to,
    counts = counts == '1',
    most = tonumber(most),
    ended = written == '1' and tonumber(ended),
    due = tonumber(due),
    why = why,
    person = person,
    mark = mark,
    line = line,
  }
end
