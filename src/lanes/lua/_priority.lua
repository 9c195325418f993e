-- include: priority. Higher priorities go first, but not for ever: after so many of their rows, one share of a lower one that waits goes before.
-- Counted beside the lane: above:2 and above:3 = rows that went before the waiting normal and bulk queue since it was last served.
-- 16 of every 512 rows: five urgent ones behind it wait for a fifth of a second more at 80 a second.
local PATIENCE_ROWS = 496

-- `by`: rows that a take started, by queue. `lists`: the queues.
local function note_served(lane, lists, by)
  local above = 0
  for q = 1, 3 do
    local field = 'above:' .. q
    if (by[q] or 0) > 0 then
      redis.call('HDEL', lane, field)
    elseif above > 0 and redis.call('LLEN', lists[q]) > 0 then
      redis.call('HINCRBY', lane, field, above)
    end
    above = above + (by[q] or 0)
  end
end

-- The queues in the order of this look: one that has waited too long comes first, for one share only.
local function order_of(lane)
  local waited = redis.call('HMGET', lane, 'above:2', 'above:3')
  local order = {}
  for q = 3, 2, -1 do
    if tonumber(waited[q - 1] or '0') >= PATIENCE_ROWS then
      order[#order + 1] = { q = q, share_only = true }
    end
  end
  for q = 1, 3 do
    order[#order + 1] = { q = q }
  end
  return order
end
