-- Tries items of one job again that have failed, or that nobody has heard of: each goes back to its lane, due now, if it still stands at the try
-- that the record names. So a repeat changes nothing, nor does a record that is read again after they have gone.
--   KEYS[1] row        hash of the job
--   KEYS[2] statuses   status byte per row
--   KEYS[3] tries      try byte per row
--   KEYS[4] uncounted  hash: index → starts that do not count; "b" and the index → attempts before a retry
--   KEYS[5] resent     hash: index → 1
--   KEYS[6] lane       hash of the lane
--   KEYS[7] lanes      the home's lanes by the time a turn must have opened
--   KEYS[8] later      items that wait alone
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] job        id
--   ARGV[3] sender     member of the lanes set
--   ARGV[4] seq        number of the control
--   ARGV[5] dies_at    unix ms
--   ARGV[6] ends       µs at which the job expires, or dies
--   ARGV[7..]          first index, how many and try of each run of items
-- Returns {count, state, n, wake}: how many go back; the state of the job, or 'gone'; a ticket n to add for wake (µs), '0' when none is needed
-- include: ../../base/lua/_time.lua
-- include: ../../lanes/lua/_lane.lua
-- include: ../../ledger/lua/_items.lua
local now, seq, ends = now_us(ARGV[1]), tonumber(ARGV[4]), tonumber(ARGV[6])
local h = redis.call('HMGET', KEYS[1], 'state', 'ctl_cancel', 'ctl_next')
local state = h[1] or 'gone'
-- A cancel that came after it counts.
if state == 'gone' or state == 'canceling' or state == 'incomplete' or ends <= now or seq < tonumber(h[2] or '0') then
  return { 0, state, '0', '0' }
end

-- A paused job is paused for these too.
local due = state == 'paused' and ends or now
local count = 0
local function go_back(index, byte, try)
  local name = us(index)
  move(KEYS[1], KEYS[2], index, byte, 'q')
  redis.call('ZADD', KEYS[8], us(due), ARGV[2] .. ':' .. name .. ':r')
  redis.call('HSET', KEYS[4], 'b' .. name, us(try - tonumber(redis.call('HGET', KEYS[4], name) or '0')))
  if byte == 'u' then
    redis.call('HSET', KEYS[5], name, '1')
  end
  count = count + 1
end

for i = 7, #ARGV, 3 do
  local first, length, try = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local bytes = redis.call('GETRANGE', KEYS[2], first, first + length - 1)
  local tries = redis.call('GETRANGE', KEYS[3], first, first + length - 1)
  for at = 1, #bytes do
    local byte = bytes:sub(at, at)
    if (byte == 'f' or byte == 'u') and (tries:byte(at) or 0) == try then
      go_back(first + at - 1, byte, try)
    end
  end
end
redis.call('HSET', KEYS[1], 'ctl_next', us(math.max(seq, tonumber(h[3] or '0'))))
if count > 0 then
  redis.call('PEXPIREAT', KEYS[4], ARGV[5])
  redis.call('PEXPIREAT', KEYS[5], ARGV[5])
  redis.call('HSET', KEYS[1], 'updated', us(now))
  if state == 'completed' or state == 'canceled' or state == 'expired' then
    redis.call('HSET', KEYS[1], 'state', 'open')
    redis.call('HDEL', KEYS[1], 'done')
    state = 'open'
  end
  return { count, state, us(arrive(KEYS[6], KEYS[7], ARGV[3], due, now)), us(due) }
end
-- A repeat gets the lane's outstanding ticket again.
local lane = redis.call('HMGET', KEYS[6], 'n', 'until', 'wake')
local asleep = tonumber(lane[2] or '0') <= now and tonumber(lane[3] or '0') > 0
return { 0, state, asleep and lane[1] or '0', asleep and lane[3] or '0' }
