-- A consumer goes: what it has not finished becomes claimable at once, then its name is forgotten.
-- Deleting a consumer drops its pending entries for ever, so they are moved before.
--   KEYS[1] stream    the stream of one topic
--   ARGV[1] group     the group
--   ARGV[2] consumer  who goes
--   ARGV[3] heir      the name that holds entries nobody works on
--   ARGV[4] idle_ms   how idle they are declared to be; at least the idle time after which entries are claimed
--   ARGV[5] at_most   how many entries are moved in one run
-- Returns the number of entries given back. Safe to repeat.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local rows = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[5], ARGV[2])
if rows.err then
  if rows.err:find('NOGROUP', 1, true) then return 0 end
  return rows
end

for _, row in ipairs(rows) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, row[1], 'IDLE', ARGV[4], 'JUSTID')
end
if #rows < tonumber(ARGV[5]) then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
return #rows
