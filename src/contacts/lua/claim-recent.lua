-- Who gets a template: each person once within a while, whichever job comes first. One atomic step just before the calls are made. The same call
-- gets the same answer.
--   KEYS[1] recent  sorted set: person → when (s) and by which item they were claimed; "!" → for how long (s) they are kept
--   KEYS[2] said    the last answer of this lane: "call|digits"
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] call    names this call
--   ARGV[3] within  s
--   ARGV[4..]       of each item: person, its tag (below 2^21), 1 when it was tried before: then its own claim is its own
-- Returns a digit per item: 1 when it may go, 0 when the person got the template by another
-- include: ../../base/lua/_time.lua
local SPAN, SAID_MS, FIRST = 2097152, 60000, 1099511627776
local last = redis.call('GET', KEYS[2])
if last and last:match('^(.*)|') == ARGV[2] then
  return last:match('|(.*)$')
end
-- Rounded up: nobody is written to too early.
local now, within = math.ceil(now_us(ARGV[1]) / 1000000), tonumber(ARGV[3])
local keep = math.max(within, tonumber(redis.call('ZSCORE', KEYS[1], '!') or '0'))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. us(FIRST), us((now - keep) * SPAN))
local digits, claims = {}, { us(keep), '!' }
local claimed = {}
for i = 4, #ARGV, 3 do
  local person, tag = ARGV[i], tonumber(ARGV[i + 1])
  local score = claimed[person] or tonumber(redis.call('ZSCORE', KEYS[1], person) or '0')
  local live = math.floor(score / SPAN) > now - within
  if live and not (ARGV[i + 2] == '1' and score % SPAN == tag) then
    digits[#digits + 1] = '0'
  else
    claimed[person] = now * SPAN + tag
    claims[#claims + 1] = us(claimed[person])
    claims[#claims + 1] = person
    digits[#digits + 1] = '1'
  end
end
redis.call('ZADD', KEYS[1], unpack(claims))
redis.call('PEXPIRE', KEYS[1], us((keep + 60) * 1000))
local answer = table.concat(digits)
redis.call('SET', KEYS[2], ARGV[2] .. '|' .. answer, 'PX', SAID_MS)
return answer
