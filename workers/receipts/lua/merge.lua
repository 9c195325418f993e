#!lua flags=allow-oom
-- Merges receipts into the items of one chunk: each applies if it may by rank (_items.lua, states.md), in whatever order they come. A repeat
-- finds the item moved already and changes nothing.
--   KEYS[1] row       hash of the job
--   KEYS[2] statuses  status byte per row
--   KEYS[3] tries     try byte per row
--   KEYS[4] results   lines of the chunk
--   KEYS[5] flying    of the lane: calls under way
--   KEYS[6] outbox    what customers are told
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] job       id
--   ARGV[3] fp        fingerprint of the job's body
--   ARGV[4] first     first row of the chunk
--   ARGV[5] last      last row
--   ARGV[6] dies_at   unix ms
--   ARGV[7] letters   of what customers want to be told, '' = nothing
--   ARGV[8..]         receipts, each one argument: index, try, to (a f d r), time (base 36, ms), value, joined by ","; value = the message's id,
--                     or code and words of a failure
-- Returns {moved, bytes, erased}: how many items moved; bytes of lines that may be folded now (0 while something is queued or sending); 1 when the
--   job has items of forgotten people, and items moved; {-1, 0, 0} when the job is not there
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
local now = now_us(ARGV[1])
local row = redis.call('HMGET', KEYS[1], 'state', 'fp', 'erased')
if not row[1] or row[2] ~= ARGV[3] then
  return { -1, 0, 0 }
end
local first, last = tonumber(ARGV[4]), tonumber(ARGV[5])
local outbox = open_outbox(KEYS[6], ARGV[7])

-- An accepted message has its id already: then only the time moves.
local function line_of(from, to, index, at, value)
  if to == 'f' then
    return table.concat({ index, at, 'e', value }, '\t') .. '\n'
  end
  if from == 'a' or from == 'd' then
    return table.concat({ index, at, 't', '' }, '\t') .. '\n'
  end
  return table.concat({ index, at, 'p', value }, '\t') .. '\n'
end

local lines, moved = {}, 0
for i = 8, #ARGV do
  local index, try, to, at, value = ARGV[i]:match('^(%d+),(%d+),(%a),(%w+),(.*)$')
  local row_of = tonumber(index)
  local inside = row_of >= first and row_of <= last
  local from = inside and status_at(KEYS[2], row_of) or ''
  local current = inside and try_at(KEYS[3], row_of) == tonumber(try)
  if receipt_wins(from, to, current) then
    if from == 's' then
      -- Its call is not over. When the receipt names an earlier try, or its process is dead, the overdue run gives the place back.
      redis.call('HSET', KEYS[5], early_field(ARGV[2], row_of, try_at(KEYS[3], row_of)), '1')
    end
    move(KEYS[1], KEYS[2], index, from, to)
    lines[#lines + 1] = line_of(from, to, index, at, value)
    if ARGV[7] ~= '' then
      -- Whoever is told has no earlier line: it says the message's id again.
      tell_item(outbox, ARGV[2], KEYS[1], to, tonumber(try), line_of('', to, index, at, value))
    end
    moved = moved + 1
  end
end
if moved > 0 then
  redis.call('APPEND', KEYS[4], table.concat(lines))
  redis.call('PEXPIREAT', KEYS[4], ARGV[6])
  redis.call('HSET', KEYS[1], 'updated', us(now))
  tell_job(outbox, ARGV[2], KEYS[1], complete_if_done(KEYS[1], now), now)
  post(outbox)
end
local whole = moved > 0 and not redis.call('GETRANGE', KEYS[2], first, last):find('[qs]')
return { moved, whole and redis.call('STRLEN', KEYS[4]) or 0, moved > 0 and row[3] and 1 or 0 }
