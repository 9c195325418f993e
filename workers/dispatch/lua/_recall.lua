-- include: recall. An outcome of a call whose start Redis does not know.
-- Stands in the place of the end of a call that holds no places.
local RECALLED = 0

-- A Redis without a log behind it may go back a moment when it is restarted, to before the start of this call. Its outcome is a fact all the
-- same: the item is started now. The places that it had were forgotten with it, and are not given back.
local function recall(batch, job, chunk, offset, o)
  local status = chunk.moved[offset] or chunk.statuses:sub(offset, offset)
  if status ~= 'q' then
    return
  end
  local try = string.char(o.try)
  redis.call('SETRANGE', job.tries, o.index, try)
  local before = chunk.tries:sub(1, offset - 1)
  chunk.tries = before .. ('\0'):rep(offset - 1 - #before) .. try .. chunk.tries:sub(offset + 1)
  chunk.moved[offset], chunk.landed[offset] = 's', RECALLED
  job.deltas.q, job.deltas.s = (job.deltas.q or 0) - 1, (job.deltas.s or 0) + 1
  batch.people[#batch.people + 1] = o
end
