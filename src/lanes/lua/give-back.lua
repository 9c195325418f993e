#!lua flags=allow-oom
-- Gives a turn back when nothing is due: the lane sleeps until its next work, or for good.
--   KEYS[1] lane       hash of the lane
--   KEYS[2] lanes      the home's lanes by the time a turn must have opened
--   KEYS[3] fly        started runs with calls under way
--   KEYS[4] later      items that wait alone
--   KEYS[5] scheduled  cursors that wait for a time
--   KEYS[6] high       queue of cursors
--   KEYS[7] normal     queue of cursors
--   KEYS[8] bulk       queue of cursors
--   KEYS[9] cursors    cursor → where it stands
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] fence      of the turn
--   ARGV[3] version    of the lane, as the holder last saw it
--   ARGV[4] sender     member of the lanes set
--   ARGV[5] limited    µs until which the limits let nothing go; 0 when they do not bind
--   ARGV[6] rows_only  1: what waits alone may go before
-- Returns {'gone'} | {'continue'} | {'asleep', n, wake}: a ticket n to add for wake (µs), n = 0 when there is nothing to wait for
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
-- include: _cursor.lua
-- Cursors of each queue, and of those that wait, whose end is looked for.
local LOOK_CURSORS = 32
local now = now_us(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'n', 'fence', 'until', 'version', 'given', 'given_n', 'given_wake')
if h[5] == ARGV[2] then
  return { 'asleep', h[6], h[7] }
end
if h[2] ~= ARGV[2] or tonumber(h[3] or '0') <= now then
  return { 'gone' }
end
if (h[4] or '0') ~= ARGV[3] then
  return { 'continue' }
end
local limited = tonumber(ARGV[5])
local queued = redis.call('LLEN', KEYS[6]) + redis.call('LLEN', KEYS[7]) + redis.call('LLEN', KEYS[8])
local wake = nil
if queued > 0 then
  if limited <= now then
    return { 'continue' }
  end
  wake = limited
end
for _, key in ipairs({ KEYS[4], KEYS[5] }) do
  local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if head[2] then
    local due = math.max(tonumber(head[2]), ARGV[6] == '1' and 0 or limited)
    wake = math.min(wake or due, due)
  end
end
-- A job ends in its time though its limits hold it: then somebody must look.
local function wake_at_end(names)
  for _, text in ipairs(#names > 0 and redis.call('HMGET', KEYS[9], unpack(names)) or {}) do
    local ends = text and parse_cursor(text).ends or 0
    if ends > 0 and wake and ends < wake then
      wake = ends
    end
  end
end
if wake and limited > now then
  for _, queue in ipairs({ KEYS[6], KEYS[7], KEYS[8] }) do
    wake_at_end(redis.call('LRANGE', queue, 0, LOOK_CURSORS - 1))
  end
  local waiting = redis.call('ZRANGE', KEYS[5], 0, LOOK_CURSORS - 1)
  for i, member in ipairs(waiting) do
    waiting[i] = member:match(' (%S+)$')
  end
  wake_at_end(waiting)
end
if wake and wake <= now then
  return { 'continue' }
end
local n = 0
if wake then
  n = next_number(h[1], now)
  redis.call('HSET', KEYS[1], 'n', us(n), 'from', us(n))
  redis.call('ZADD', KEYS[2], us(wake + GRACE_US), ARGV[4])
else
  -- Calls may still be under way; if their process dies, someone must look once their deadline has passed.
  local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')
  if last[2] then
    redis.call('ZADD', KEYS[2], us(tonumber(last[2]) + GRACE_US), ARGV[4])
  else
    redis.call('ZREM', KEYS[2], ARGV[4])
  end
  redis.call('EXPIRE', KEYS[1], IDLE_SECONDS)
end
redis.call('HSET', KEYS[1], 'until', '0', 'wake', us(wake or 0), 'given', ARGV[2], 'given_n', us(n), 'given_wake', us(wake or 0))
return { 'asleep', us(n), us(wake or 0) }
