-- Opens a sealed job in its lane once every chunk that the seal names is in. Repeatable: an open job gets its lane's outstanding ticket again.
--   KEYS[1] row        hash of the job
--   KEYS[2] lane       hash of the lane
--   KEYS[3] lanes      the home's lanes by the time a turn must have opened
--   KEYS[4] queue      list of cursors of the job's priority
--   KEYS[5] cursors    cursor → where it stands
--   KEYS[6] scheduled  cursors that wait for a time
--   KEYS[7] zones      a byte per row: the number of its zone set
--   KEYS[8] outbox     what customers are told
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] sender     member of the lanes set
--   ARGV[3] fp         fingerprint that the seal names
--   ARGV[4] priority   high | normal | bulk
--   ARGV[5] seal       JSON of the seal
--   ARGV[6] dies_at    unix ms
--   ARGV[7] zones      JSON of the zone sets; '' when the job has none
--   ARGV[8] bytes      of its rows
--   ARGV[9] seen       how many controls of the job the caller knows of
--   ARGV[10] cursors   how many; -1 for a job that goes into no lane; none when its chunks seemed not to be all in, or while those of a stream are still to be compared
--   ARGV[11] job       id
--   ARGV[12] letters   of what customers want to be told, '' = nothing
--   ARGV[13..]         name and text of each cursor; then the SHA-256 of each chunk, in order; none of a stream, whose chunks the caller compares
-- Returns {'waiting'} | {'again'}: its last chunk or another control came in between; {'again', 'sealed'}: what comes now finds it sealed |
--   {'other'}: the id belongs to another body |
--   {state, n, wake}: open, paused or canceling; a ticket n to add for wake (µs), n = 0 when none is needed
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/lanes/lua/_cursor.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
local now = now_us(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'state', 'fp', 'then', 'rev')
if h[2] and h[2] ~= ARGV[3] then
  return { 'other' }
end
if h[1] and h[1] ~= 'accepted' then
  local lane = redis.call('HMGET', KEYS[2], 'n', 'until', 'wake')
  if tonumber(lane[2] or '0') <= now and tonumber(lane[3] or '0') > 0 then
    return { h[1], lane[1], lane[3] }
  end
  return { h[1], '0', '0' }
end
if (h[4] or '0') ~= ARGV[9] then
  return { 'again' }
end
redis.call('HSET', KEYS[1], 'sealed', '1', 'fp', ARGV[3], 'seal', ARGV[5])
if not h[1] then
  redis.call('HSET', KEYS[1], 'state', 'accepted')
end
redis.call('PEXPIREAT', KEYS[1], ARGV[6])
local names = tonumber(ARGV[10])
local digests = 12 + math.max(0, names) * 2
local chunks = #ARGV - digests
for i = 1, chunks do
  local digest = redis.call('HGET', KEYS[1], 'in:' .. ARGV[3] .. ':' .. (i - 1))
  -- '*' stands in for a chunk that could not be read; its rows have failed.
  if digest ~= ARGV[digests + i] and digest ~= '*' then
    return { 'waiting' }
  end
end
if names == 0 then
  return { 'again', 'sealed' }
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[1], 'zones', ARGV[7])
  redis.call('SET', KEYS[7], ARGV[8], 'PXAT', ARGV[6])
end
for i = 1, chunks do
  redis.call('HDEL', KEYS[1], 'in:' .. ARGV[3] .. ':' .. (i - 1))
end
local queued = redis.call('HGET', KEYS[1], 'q:' .. ARGV[3]) or '0'
local failed = redis.call('HGET', KEYS[1], 'f:' .. ARGV[3]) or '0'
redis.call('HDEL', KEYS[1], 'q:' .. ARGV[3], 'f:' .. ARGV[3])
local state = h[3] or 'open'
redis.call('HDEL', KEYS[1], 'then')
redis.call('HSET', KEYS[1], 'state', state, 'n:q', queued, 'n:f', failed, 'total', us(queued + failed), 'updated', us(now))
local outbox = open_outbox(KEYS[8], ARGV[12])
tell_job(outbox, ARGV[11], KEYS[1], 'accepted', now)
local ended = complete_if_done(KEYS[1], now)
tell_job(outbox, ARGV[11], KEYS[1], ended, now)
post(outbox)
if ended or state == 'canceling' or names < 0 then
  return { state, '0', '0' }
end
local first = math.huge
for i = 1, names do
  local name, c = ARGV[11 + i * 2], parse_cursor(ARGV[12 + i * 2])
  -- What waits alone waits no longer than the job: takes see to it.
  redis.call('HSET', KEYS[1], 'ends', us(c.ends))
  if state == 'paused' then
    c.opens = c.ends > 0 and c.ends or tonumber(ARGV[6]) * 1000
    c.closes = c.opens
  end
  write_cursor(KEYS[5], name, c)
  first = math.min(first, place_cursor(KEYS[4], KEYS[6], ARGV[4], name, c, now))
end
first = math.max(first, now)
local n = arrive(KEYS[2], KEYS[3], ARGV[2], first, now)
return { state, us(n), us(first) }
