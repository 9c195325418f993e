#!lua flags=allow-oom
-- Takes opt-outs back. A repeat finds nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] list        sorted set: person by time (ms)
--   ARGV[1] sources     only opt-outs of these, each between commas: ",inbound,platform,"; '' for all
--   ARGV[2] before      only what was noted before this (ms); '' for all
--   ARGV[3..]           people
-- Returns how many were taken back
local removed = 0
for i = 3, #ARGV do
  local text = redis.call('HGET', KEYS[1], ARGV[i])
  local at, source = (text or ''):match('^(%d+)|([^|]*)|')
  local older = at and (ARGV[2] == '' or tonumber(at) <= tonumber(ARGV[2]))
  if older and (ARGV[1] == '' or ARGV[1]:find(',' .. source .. ',', 1, true)) then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    removed = removed + 1
  end
end
return removed
