-- Brings what the log says of calls into the items of one chunk: which were started, and what became of them, in the order of the log. An
-- item moves only forward: by a newer try, or within one try by rank. So a repeat changes nothing, and nothing in a Redis that knows it all.
--   KEYS[1] row        hash of the job
--   KEYS[2] statuses   status byte per row
--   KEYS[3] tries      try byte per row
--   KEYS[4] uncounted  hash: index → starts that do not count; "b" and the index → attempts before a retry
--   KEYS[5] resent     hash: index → 1
--   KEYS[6] waits      hash: index → "due why" of an item that goes back to its lane once all is read
--   KEYS[7] results    lines of the chunk
--   KEYS[8] outbox     what customers are told
--   ARGV[1] dies_at    unix ms
--   ARGV[2] job        id
--   ARGV[3] letters    of what customers want to be told, '' = nothing
--   ARGV[4..]          what the log says, each: "s,index,try" for a start; "e,index,try,to (a f u q),counts (0|1),most,due (µs),why,line" for an
--                      end; "o,…" for an end so old that it was told long ago
-- Returns how many items moved
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
local state = redis.call('HGET', KEYS[1], 'state')
local canceled = state == 'canceling' or state == 'canceled'
local moved, lines, outbox = 0, {}, open_outbox(KEYS[8], ARGV[3])

local function go(index, from, to)
  move(KEYS[1], KEYS[2], index, from, to)
  moved = moved + 1
end

local function start(index, try, from)
  local ahead = (try - try_at(KEYS[3], index)) % 256
  if ahead == 0 or ahead > 127 or from == '' or from == '-' then
    return
  end
  -- Nobody starts an unknown item anew but who sends it once more.
  if from == 'u' or from == 's' then
    redis.call('HSET', KEYS[5], us(index), '1')
  end
  redis.call('SETRANGE', KEYS[3], index, string.char(try))
  redis.call('HDEL', KEYS[6], us(index))
  if from ~= 'a' and from ~= 'd' and from ~= 'r' and from ~= 's' then
    go(index, from, 's')
  end
end

local function target_of(index, try, to, counts, most)
  if to ~= 'q' then
    return to
  end
  if canceled then
    return 'c'
  end
  local h = redis.call('HMGET', KEYS[4], us(index), 'b' .. us(index))
  local counted = try - tonumber(h[1] or '0') - tonumber(h[2] or '0')
  return counts == '1' and most > 0 and counted >= most and 'f' or 'q'
end

local function finish(index, try, from, text, old)
  local to, counts, most, due, why, line = text:match('^(%a),(%d),(%d+),(%d+),(%a),(.*)$')
  if try_at(KEYS[3], index) ~= try or not outranks(from, to) then
    return
  end
  to = target_of(index, try, to, counts, tonumber(most))
  go(index, from, to)
  if to ~= 'q' then
    lines[#lines + 1] = line
    -- Redis has forgotten the settle, and with it the words for the customer; who has heard them hears the same id again.
    if not old then
      tell_item(outbox, ARGV[2], KEYS[1], to, try, line)
    end
    return
  end
  redis.call('HSET', KEYS[6], us(index), due .. ' ' .. why)
  if counts == '0' then
    redis.call('HINCRBY', KEYS[4], us(index), 1)
  end
end

for i = 4, #ARGV do
  local kind, index_text, try_text, rest = ARGV[i]:match('^(%a),(%d+),(%d+),?(.*)$')
  local index, try = tonumber(index_text), tonumber(try_text) % 256
  local from = status_at(KEYS[2], index)
  if kind == 's' then
    start(index, try, from)
  else
    finish(index, try, from, rest, kind == 'o')
  end
end
if #lines > 0 then
  redis.call('APPEND', KEYS[7], table.concat(lines))
end
post(outbox)
for _, key in ipairs({ KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7] }) do
  redis.call('PEXPIREAT', key, ARGV[1])
end
return moved
