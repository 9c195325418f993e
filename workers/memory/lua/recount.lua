-- Counts a job's items anew from their status bytes, and says how it stands. Repeatable.
--   KEYS[1] row        hash of the job
--   KEYS[2] statuses   status byte per row
--   KEYS[3] outbox     what customers are told
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] job        id
--   ARGV[3] letters    of what customers want to be told, '' = nothing
-- Returns the state of the job; '' when it is not there, or has not been opened
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
local now, state = now_us(ARGV[1]), redis.call('HGET', KEYS[1], 'state')
if not state or state == 'accepted' then
  return ''
end
local bytes = redis.call('GET', KEYS[2]) or ''
if state == 'canceling' or state == 'canceled' then
  bytes = bytes:gsub('q', 'c')
  redis.call('SETRANGE', KEYS[2], 0, bytes)
end
for letter in ('qsadrfucep'):gmatch('.') do
  redis.call('HSET', KEYS[1], 'n:' .. letter, us(select(2, bytes:gsub(letter, ''))))
end
if state == 'completed' or state == 'expired' then
  redis.call('HSET', KEYS[1], 'state', 'open')
  redis.call('HDEL', KEYS[1], 'done')
end
local ended = complete_if_done(KEYS[1], now)
if ended ~= state then
  local outbox = open_outbox(KEYS[3], ARGV[3])
  tell_job(outbox, ARGV[2], KEYS[1], ended, now)
  post(outbox)
end
return redis.call('HGET', KEYS[1], 'state')
