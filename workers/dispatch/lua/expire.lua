#!lua flags=allow-oom
-- Ends what is still queued of a job whose time has passed, and takes one of its cursors out of the lane. A second run finds nothing.
--   KEYS[1] row        hash of the job
--   KEYS[2] statuses   status byte per row
--   KEYS[3] cursors    cursor → where it stands
--   KEYS[4] scheduled  cursors that wait for a time
--   KEYS[5] later      items that wait alone, members "job:index:why"
--   KEYS[6] high       queue of cursors
--   KEYS[7] normal     queue of cursors
--   KEYS[8] bulk       queue of cursors
--   KEYS[9] outbox     what customers are told
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] job        id
--   ARGV[3] cursor     its name; '' when none was shown
--   ARGV[4] letters    of what customers want to be told, '' = nothing
--   ARGV[5..] waiting  "index:why" of its items that wait alone
-- Returns how many items expired
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_cursor.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
local now = now_us(ARGV[1])
local bytes, expired = redis.call('GETRANGE', KEYS[2], 0, -1):gsub('q', 'e')
if expired > 0 then
  redis.call('SETRANGE', KEYS[2], 0, bytes)
  redis.call('HINCRBY', KEYS[1], 'n:q', -expired)
  redis.call('HINCRBY', KEYS[1], 'n:e', expired)
  redis.call('HSET', KEYS[1], 'updated', us(now))
end
if ARGV[3] ~= '' then
  drop_cursor(KEYS[3], KEYS[4], { high = KEYS[6], normal = KEYS[7], bulk = KEYS[8] }, ARGV[3])
end
for i = 5, #ARGV do
  redis.call('ZREM', KEYS[5], ARGV[2] .. ':' .. ARGV[i])
end
local outbox = open_outbox(KEYS[9], ARGV[4])
tell_job(outbox, ARGV[2], KEYS[1], complete_if_done(KEYS[1], now), now)
post(outbox)
return expired
