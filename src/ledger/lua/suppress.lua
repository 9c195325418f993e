#!lua flags=allow-oom
-- Ends queued items of one chunk: suppressed, because their person wants no more messages or has this one already, or done (contacts). A repeat
-- finds them moved.
--   KEYS[1] row       hash of the job
--   KEYS[2] statuses  status byte per row
--   KEYS[3] results   lines of the chunk
--   KEYS[4] outbox    what customers are told
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] fp        fingerprint of the job's body
--   ARGV[3] first     first row of the chunk
--   ARGV[4] last      last row
--   ARGV[5] dies_at   unix ms
--   ARGV[6] job       id
--   ARGV[7] letters   of what customers want to be told, '' = nothing
--   ARGV[8] to        status byte: p suppressed, a done
--   ARGV[9..]         a result line per item; it begins with the index
-- Returns {moved, whole}: how many items moved; 1 when nothing of the chunk is queued or sending any more
-- include: ../../base/lua/_time.lua
-- include: _items.lua
-- include: _outbox.lua
local now = now_us(ARGV[1])
local row = redis.call('HMGET', KEYS[1], 'state', 'fp')
if not row[1] or row[1] == 'accepted' or row[2] ~= ARGV[2] then
  return { 0, 0 }
end
local lines, outbox = {}, open_outbox(KEYS[4], ARGV[7])
for i = 9, #ARGV do
  local index = ARGV[i]:match('^(%d+)\t')
  if status_at(KEYS[2], index) == 'q' then
    redis.call('SETRANGE', KEYS[2], index, ARGV[8])
    lines[#lines + 1] = ARGV[i]
    tell_item(outbox, ARGV[6], KEYS[1], ARGV[8], 0, ARGV[i])
  end
end
if #lines == 0 then
  return { 0, 0 }
end
redis.call('HINCRBY', KEYS[1], 'n:q', -#lines)
redis.call('HINCRBY', KEYS[1], 'n:' .. ARGV[8], #lines)
redis.call('HSET', KEYS[1], 'updated', us(now))
redis.call('APPEND', KEYS[3], table.concat(lines))
redis.call('PEXPIREAT', KEYS[3], ARGV[5])
tell_job(outbox, ARGV[6], KEYS[1], complete_if_done(KEYS[1], now), now)
post(outbox)
return { #lines, redis.call('GETRANGE', KEYS[2], ARGV[3], ARGV[4]):find('[qs]') and 0 or 1 }
