-- Takes permits for candidates under every limit at once and marks what may go as started, with the moment of each call. One atomic step,
-- so that nothing is started without a permit and no permit is kept by what must wait.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started runs with calls under way
--   KEYS[4] later     items that wait alone, members "job:index"
--   KEYS[5] cursors   cursor → where it stands
--   KEYS[6] high      queue of cursors
--   KEYS[7] normal    queue of cursors
--   KEYS[8] bulk      queue of cursors
--   KEYS[9] flying    started run → its calls under way
--   KEYS[10..]        per limit: state, times; then per job: row, statuses, tries
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] fence     of the turn
--   ARGV[3] seq       number of this take in its turn; the same number gets the same answer
--   ARGV[4] sender    member of the lanes set
--   ARGV[5] want      at most this many
--   ARGV[6] horizon   µs that a moment may lie ahead
--   ARGV[7] deadline  µs after its moment at which a call has ended
--   ARGV[8] linger    ms that limit keys outlive their period
--   ARGV[9..]         limits: how many, then kind, count, per (µs), pace of each;
--                     jobs: how many, then ids; candidates: job slot, cursor, from, count, queue (0: one row that waits in later)
-- Returns {'gone'} | {'ok', answer}: "now|version|next|binding|grants", next = µs of the next possible call ('' after an answer),
--   binding = number of the limit that binds it, grants = "slot,run,items" joined by ";", items = "index+µs from now" joined by " "
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/lanes/lua/_cursor.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: _start.lua
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
local limits, at, key = read_limits(9, 10)
local jobs = {}
for i = 1, tonumber(ARGV[at]) do
  jobs[i] = { id = ARGV[at + i], row = KEYS[key], statuses = KEYS[key + 1], tries = KEYS[key + 2] }
  key = key + 3
end
at = at + #jobs + 1
local moments, next_at, binding = permits(limits, tonumber(ARGV[5]), now, tonumber(ARGV[6]))
local batch = { now = now, moments = moments, deadline = tonumber(ARGV[7]), used = 0, runs = {}, flying = {}, left = {} }
local keys = { later = KEYS[4], cursors = KEYS[5], lists = { KEYS[6], KEYS[7], KEYS[8] } }
while ARGV[at] and batch.used < #moments do
  local slot, cursor = tonumber(ARGV[at]), ARGV[at + 1]
  local from, count, queue = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if queue == 0 then
    start_one(batch, keys, jobs[slot], slot, from)
  else
    start_run(batch, keys, jobs[slot], slot, cursor, from, count, queue)
  end
  at = at + 5
end
local used = batch.used
if used > 0 then
  redis.call('ZADD', KEYS[3], unpack(batch.flying))
  redis.call('HSET', KEYS[9], unpack(batch.left))
  hold_places(limits, used, tonumber(ARGV[8]))
end
local answer = table.concat({
  us(now),
  redis.call('HGET', KEYS[1], 'version') or '0',
  used < #moments and us(now) or (next_at == UNKNOWN and '' or us(next_at)),
  tostring(binding),
  table.concat(batch.runs, ';'),
}, '|')
redis.call('HSET', KEYS[1], 'seq', seq, 'answer', answer)
return { 'ok', answer }
