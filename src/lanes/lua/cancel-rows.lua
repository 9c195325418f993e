#!lua flags=allow-oom
-- Ends queued rows of a canceled job as canceled, a bounded stretch of them. A second run finds none.
--   KEYS[1] row       hash of the job
--   KEYS[2] statuses  status byte per row
--   KEYS[3] outbox    what customers are told
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] from      first row of the stretch
--   ARGV[3] count     rows of the stretch
--   ARGV[4] job       id
--   ARGV[5] letters   of what customers want to be told, '' = nothing
-- Returns how many became canceled, or -1 when the job is not being canceled
-- include: ../../base/lua/_time.lua
-- include: ../../ledger/lua/_items.lua
-- include: ../../ledger/lua/_outbox.lua
local now = now_us(ARGV[1])
if redis.call('HGET', KEYS[1], 'state') ~= 'canceling' then
  return -1
end
local from = tonumber(ARGV[2])
local bytes, ended = redis.call('GETRANGE', KEYS[2], from, from + tonumber(ARGV[3]) - 1):gsub('q', 'c')
if ended > 0 then
  redis.call('SETRANGE', KEYS[2], from, bytes)
  redis.call('HINCRBY', KEYS[1], 'n:q', -ended)
  redis.call('HINCRBY', KEYS[1], 'n:c', ended)
  redis.call('HSET', KEYS[1], 'updated', us(now))
end
local outbox = open_outbox(KEYS[3], ARGV[5])
tell_job(outbox, ARGV[4], KEYS[1], complete_if_done(KEYS[1], now), now)
post(outbox)
return ended
