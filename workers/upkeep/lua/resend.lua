-- Sends unknown items of one job once more: each goes back to its lane, due now, and is marked for good, so that it never goes a third time. An
-- item that a receipt has settled meanwhile stays as it is, and so does everything of a job that was canceled. A repeat finds the marks and changes nothing.
--   KEYS[1] row       hash of the job
--   KEYS[2] statuses  status byte per row
--   KEYS[3] resent    hash: index → 1
--   KEYS[4] lane      hash of the lane
--   KEYS[5] lanes     the home's lanes by the time a turn must have opened
--   KEYS[6] later     items that wait alone
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] job       id
--   ARGV[3] sender    member of the lanes set
--   ARGV[4] dies_at   unix ms
--   ARGV[5..]         index of each
-- Returns {count, n}: how many go back, and a ticket to add at once ('0': none)
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/ledger/lua/_items.lua
local now = now_us(ARGV[1])
local count = 0
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'canceling' or state == 'canceled' or state == 'expired' then
  return { 0, '0' }
end
for i = 5, #ARGV do
  local index = ARGV[i]
  if status_at(KEYS[2], index) == 'u' and redis.call('HSETNX', KEYS[3], index, '1') == 1 then
    move(KEYS[1], KEYS[2], index, 'u', 'q')
    redis.call('ZADD', KEYS[6], us(now), ARGV[2] .. ':' .. index .. ':r')
    count = count + 1
  end
end
if count == 0 then
  return { 0, '0' }
end
redis.call('PEXPIREAT', KEYS[3], ARGV[4])
redis.call('HSET', KEYS[1], 'updated', us(now))
complete_if_done(KEYS[1], now)
return { count, us(arrive(KEYS[4], KEYS[5], ARGV[3], now, now)) }
