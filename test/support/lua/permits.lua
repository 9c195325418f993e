-- The permits fragment by itself, under the test's clock: takes what may go, or ends calls.
--   KEYS[1] fly     started calls
--   KEYS[2..]       per limit: state, times
--   ARGV[1] what    take | end
--   ARGV[2] now     µs
--   ARGV[3] want    at most this many (take)
--   ARGV[4] use     of what is granted, use only this many (take)
--   ARGV[5] horizon µs that a moment may lie ahead (take)
--   ARGV[6] linger  ms
--   ARGV[7..]       limits: how many, then kind, count, per (µs), pace of each; then ids of the calls, or pairs of id and
--                   end (µs, '-' when it was never written)
-- Returns {next, binding, moments…} of a take, next = '' when only an answer can tell; {} of an end
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/pacing/lua/_permits.lua
local limits, at = read_limits(7, 2)
local linger = tonumber(ARGV[6])
if ARGV[1] == 'end' then
  local ended = {}
  while ARGV[at] do
    if redis.call('ZREM', KEYS[1], ARGV[at]) == 1 then
      ended[#ended + 1] = tonumber(ARGV[at + 1]) or false
    end
    at = at + 2
  end
  free_places(limits, ended, linger)
  return {}
end
local moments, next_at, binding = permits(limits, tonumber(ARGV[3]), tonumber(ARGV[2]), tonumber(ARGV[5]))
local used = math.min(#moments, tonumber(ARGV[4]))
hold_places(limits, used, linger)
local answer = { next_at == UNKNOWN and '' or us(next_at), binding }
for i = 1, used do
  redis.call('ZADD', KEYS[1], us(moments[i]), ARGV[at + i - 1])
  answer[i + 2] = us(moments[i])
end
return answer
