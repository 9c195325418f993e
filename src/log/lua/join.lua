-- Makes the group when it is missing, from the beginning of the stream, and forgets consumers that died long ago.
--   KEYS[1] stream     the stream of one topic; created empty when missing
--   ARGV[1] group      the group
--   ARGV[2] forget_ms  a consumer without pending entries, unseen for this many milliseconds, is forgotten
-- Returns the number of consumers forgotten. Safe to repeat.

local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if type(made) == 'table' and made.err and not made.err:find('BUSYGROUP', 1, true) then return made end

local forgotten = 0
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for at = 1, #row, 2 do consumer[row[at]] = row[at + 1] end
  if consumer.pending == 0 and consumer.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
    forgotten = forgotten + 1
  end
end
return forgotten
