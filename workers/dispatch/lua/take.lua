-- Takes permits for candidates under every limit at once and marks what may go as started, with the moment of each call. One atomic step,
-- so that nothing is started without a permit and no permit is kept by what must wait.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started items without an outcome
--   KEYS[4] later     items that wait alone, members "job:index"
--   KEYS[5] cursors   job → "next rows"
--   KEYS[6] high      queue of jobs
--   KEYS[7] normal    queue of jobs
--   KEYS[8] bulk      queue of jobs
--   KEYS[9..]         per limit: state, times; then per job: row, statuses, tries
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] fence     of the turn
--   ARGV[3] seq       number of this take in its turn; the same number gets the same answer
--   ARGV[4] sender    member of the lanes set
--   ARGV[5] want      at most this many
--   ARGV[6] horizon   µs that a moment may lie ahead
--   ARGV[7] deadline  µs after its moment at which a call has ended
--   ARGV[8] linger    ms that limit keys outlive their period
--   ARGV[9..]         limits: how many, then kind, count, per (µs), pace of each;
--                     jobs: how many, then ids; candidates: job slot, from, count, queue (0: one row that waits in later)
-- Returns {'gone'} | {'ok', answer}: "now|version|next|binding|grants", next = µs of the next possible call ('' after an answer),
--   binding = number of the limit that binds it, grants = "slot,index,try,moment" joined by ";"
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/ledger/lua/_items.lua
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return { 'gone' }
end
local last = redis.call('HMGET', KEYS[1], 'seq', 'answer')
local seq = ARGV[2] .. ':' .. ARGV[3]
if last[1] == seq then
  return { 'ok', last[2] }
end
renew(KEYS[1], KEYS[2], ARGV[4], now)
local limits, at, key = read_limits(9, 9)
local jobs = {}
for i = 1, tonumber(ARGV[at]) do
  jobs[i] = { id = ARGV[at + i], row = KEYS[key], statuses = KEYS[key + 1], tries = KEYS[key + 2] }
  key = key + 3
end
at = at + #jobs + 1
local moments, next_at, binding = permits(limits, KEYS[3], tonumber(ARGV[5]), now, tonumber(ARGV[6]))
local linger, deadline = tonumber(ARGV[8]), tonumber(ARGV[7])
local grants, flying, used = {}, {}, 0

local function grant(slot, index, try)
  used = used + 1
  local moment = moments[used]
  grants[used] = slot .. ',' .. index .. ',' .. try .. ',' .. us(moment)
  flying[#flying + 1] = us(moment + deadline)
  flying[#flying + 1] = jobs[slot].id .. ':' .. index .. ':' .. try
end

-- Starts one row that waited alone.
local function start_one(slot, index)
  local job = jobs[slot]
  if redis.call('ZREM', KEYS[4], job.id .. ':' .. index) == 1 and status_at(job.statuses, index) == 'q' then
    local try = (try_at(job.tries, index) + 1) % 256
    redis.call('SETRANGE', job.tries, index, string.char(try))
    move(job.row, job.statuses, index, 'q', 's')
    grant(slot, us(index), try)
  end
end

-- Starts rows from the cursor on; passes rows that are no longer queued.
local function start_run(slot, from, count, queue)
  local job = jobs[slot]
  local cursor, rows = (redis.call('HGET', KEYS[5], job.id) or ''):match('^(%d+) (%d+)$')
  if tonumber(cursor) ~= from then
    return
  end
  local bytes = redis.call('GETRANGE', job.statuses, from, from + count - 1)
  local tries = redis.call('GETRANGE', job.tries, from, from + count - 1)
  local status_out, try_out, started, passed = {}, {}, 0, 0
  while passed < #bytes do
    local byte, try = bytes:sub(passed + 1, passed + 1), tries:byte(passed + 1) or 0
    if byte == 'q' then
      if used == #moments then
        break
      end
      byte, try, started = 's', (try + 1) % 256, started + 1
      grant(slot, us(from + passed), try)
    end
    passed = passed + 1
    status_out[passed], try_out[passed] = byte, string.char(try)
  end
  if passed == 0 then
    return
  end
  if started > 0 then
    redis.call('SETRANGE', job.statuses, from, table.concat(status_out))
    redis.call('SETRANGE', job.tries, from, table.concat(try_out))
    redis.call('HINCRBY', job.row, 'n:q', -started)
    redis.call('HINCRBY', job.row, 'n:s', started)
  end
  local list = KEYS[5 + queue]
  if from + passed >= tonumber(rows) then
    redis.call('HDEL', KEYS[5], job.id)
    redis.call('LREM', list, 1, job.id)
  else
    redis.call('HSET', KEYS[5], job.id, us(from + passed) .. ' ' .. rows)
    if passed == count and redis.call('LINDEX', list, 0) == job.id then
      redis.call('LMOVE', list, list, 'LEFT', 'RIGHT')
    end
  end
end

while ARGV[at] and used < #moments do
  local slot, from, count, queue = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  if queue == 0 then
    start_one(slot, from)
  else
    start_run(slot, from, count, queue)
  end
  at = at + 4
end
if used > 0 then
  redis.call('ZADD', KEYS[3], unpack(flying))
  hold_places(limits, used, linger)
end
local answer = table.concat({
  us(now),
  redis.call('HGET', KEYS[1], 'version') or '0',
  used < #moments and us(now) or (next_at == UNKNOWN and '' or us(next_at)),
  tostring(binding),
  table.concat(grants, ';'),
}, '|')
redis.call('HSET', KEYS[1], 'seq', seq, 'answer', answer)
return { 'ok', answer }
