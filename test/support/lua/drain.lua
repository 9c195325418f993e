-- Takes what is due in a lane under its turn, and notes how long the lane had slept on it.
--   KEYS[1] lane    hash of the lane
--   KEYS[2] lanes   the home's lanes by the time a turn must have opened
--   KEYS[3] later   items that wait alone
--   KEYS[4] stats   hash of the test's counts
--   KEYS[5] naps    list of what each turn that found due work saw: "asleep,bare,unnumbered,by" (µs)
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] fence   of the turn
--   ARGV[3] sender  member of the lanes set
--   ARGV[4] opened  µs, when the turn opened; '' once its first drain is done
--   ARGV[5] lease   µs, when the lease before it had ended without being given back, else 0
--   ARGV[6] added   µs, when the ticket was added to BullMQ; 0: by upkeep
--   ARGV[7] n       of the ticket: the millisecond in which a script numbered it, or one more than the last
-- Returns how many were taken, -1 when the turn is lost
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return -1
end
renew(KEYS[1], KEYS[2], ARGV[3], now)
local due = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', us(now), 'WITHSCORES', 'LIMIT', 0, 512)
if #due == 0 then
  return 0
end
if ARGV[4] ~= '' then
  local opened, added = tonumber(ARGV[4]), tonumber(ARGV[6])
  local since = math.max(tonumber(due[2]), tonumber(ARGV[5]))
  local asleep = math.max(0, opened - since)
  local bare = added == 0 and asleep or math.max(0, math.min(added, opened) - since)
  local unnumbered = math.max(0, tonumber(ARGV[7]) * 1000 - since)
  redis.call('RPUSH', KEYS[5], table.concat({ us(asleep), us(bare), us(unnumbered), added == 0 and 'upkeep' or 'ticket' }, ','))
end
local members = {}
for i = 1, #due, 2 do
  members[#members + 1] = due[i]
end
redis.call('ZREM', KEYS[3], unpack(members))
redis.call('HINCRBY', KEYS[4], 'drained', #members)
return #members
