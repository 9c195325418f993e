-- Removes the entries that every group has finished. A group has finished what lies below its oldest pending entry or,
-- with nothing pending, everything up to the entry it was given last. Without any group nothing is removed.
--   KEYS[1] stream  the stream of one topic
-- Returns the number of entries removed. Safe to repeat.

local function parse(id)
  local ms, seq = id:match('^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end

local function below(a, b)
  local a_ms, a_seq = parse(a)
  local b_ms, b_seq = parse(b)
  return a_ms < b_ms or (a_ms == b_ms and a_seq < b_seq)
end

local function after(id)
  local ms, seq = parse(id)
  return string.format('%.0f-%.0f', ms, seq + 1)
end

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end

local floor
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for at = 1, #row, 2 do group[row[at]] = row[at + 1] end
  local unfinished
  if group.pending > 0 then
    unfinished = redis.call('XPENDING', KEYS[1], group.name)[2]
  else
    unfinished = after(group['last-delivered-id'])
  end
  if not floor or below(unfinished, floor) then floor = unfinished end
end
if not floor then return 0 end
return redis.call('XTRIM', KEYS[1], 'MINID', '=', floor)
