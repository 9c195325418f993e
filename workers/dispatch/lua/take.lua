-- Takes permits for candidates under every limit at once and marks what may go as started, with the moment of each call. One atomic step,
-- so that nothing is started without a permit and no permit is kept by what must wait.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started runs with calls under way
--   KEYS[4] later     items that wait alone, members "job:index:why"
--   KEYS[5] cursors   cursor → where it stands
--   KEYS[6] high      queue of cursors
--   KEYS[7] normal    queue of cursors
--   KEYS[8] bulk      queue of cursors
--   KEYS[9] flying    started run → its calls under way
--   KEYS[10] scheduled  cursors that wait for a time, members "priority cursor"
--   KEYS[11] holds    what the platform said must wait
--   KEYS[12] shares   how senders of the home take turns
--   KEYS[13] seat     of the home: the server it was verified on
--   KEYS[14..]        per limit: state, times; then per job: row, statuses, tries
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] fence     of the turn
--   ARGV[3] seq       number of this take in its turn; the same number gets the same answer
--   ARGV[4] sender    member of the lanes set
--   ARGV[5] want      at most this many
--   ARGV[6] horizon   µs that a moment may lie ahead
--   ARGV[7] deadline  µs after its moment at which a call has ended
--   ARGV[8] linger    ms that limit keys outlive their period
--   ARGV[9] later_cap items that may wait alone
--   ARGV[10] logged   1: what is started is numbered for the log
--   ARGV[11..]        limits: how many, then kind, count, per (µs), pace, whose of each;
--                     jobs: how many, then id, category ('marketing' or another), holds field of its template ('' = none) of each;
--                     candidates: job slot, cursor (of one row that waits in later: why), from, count, queue (0: one row in later),
--                     persons (16 letters per row, '' where no limit asks), since (row that the cursor must have come to)
-- Returns {'gone'} | {'unverified'}: the home's memory must be looked at | {'ok', answer}: "now|version|next|binding|left|number|grants", next = µs of the next possible call ('' after an answer),
--   binding = number of the limit that binds it, or the field of a hold, left = 1 when rows were left in their place, number = of a logged take,
--   grants = "slot,run,items" joined by ";", items = "index+µs from now[~score before of its person]" joined by " "
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/memory/lua/_seat.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/lanes/lua/_cursor.lua
-- include: ../../../src/lanes/lua/_priority.lua
-- include: ../../../src/pacing/lua/_limits.lua
-- include: ../../../src/pacing/lua/_rolling.lua
-- include: ../../../src/pacing/lua/_throttle.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/pacing/lua/_persons.lua
-- include: ../../../src/pacing/lua/_holds.lua
-- include: ../../../src/pacing/lua/_shares.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: _offered.lua
-- include: _start.lua
-- include: _start-run.lua
-- include: _gate.lua
local now, sender = now_us(ARGV[1]), ARGV[4]
if not holds(KEYS[1], ARGV[2], now) then
  return { 'gone' }
end
if not verified(KEYS[13]) then
  return { 'unverified' }
end
local last = redis.call('HMGET', KEYS[1], 'seq', 'answer')
local seq = ARGV[2] .. ':' .. ARGV[3]
if last[1] == seq then
  return { 'ok', last[2] }
end
renew(KEYS[1], KEYS[2], sender, now)
local shared, personal, at, key = read_limits(11, 14)
local jobs
jobs, at = read_offered(at, key)
local gate = open_gate(KEYS[11], KEYS[12], shared, jobs, sender, tonumber(ARGV[5]), now)
local moments, next_at, binding = permits(shared, gate.want, now, tonumber(ARGV[6]))
open_persons(personal, now)
local batch = {
  now = now,
  moments = moments,
  deadline = tonumber(ARGV[7]),
  personal = personal,
  room = math.max(0, tonumber(ARGV[9]) - redis.call('ZCARD', KEYS[4])),
  used = 0,
  wait = math.huge,
  runs = {},
  flying = {},
  left = {},
  by = {},
}
local keys = { later = KEYS[4], cursors = KEYS[5], scheduled = KEYS[10], lists = { KEYS[6], KEYS[7], KEYS[8] } }
while ARGV[at] and batch.used < #moments do
  local slot, from, count, queue = tonumber(ARGV[at]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if queue == 0 then
    start_one(batch, keys, jobs[slot], slot, from, ARGV[at + 1], ARGV[at + 5])
  else
    start_run(batch, keys, jobs[slot], slot, ARGV[at + 1], from, count, queue, ARGV[at + 5], tonumber(ARGV[at + 6]))
  end
  at = at + 7
end
local used, linger = batch.used, tonumber(ARGV[8])
if used > 0 then
  redis.call('ZADD', KEYS[3], unpack(batch.flying))
  redis.call('HSET', KEYS[9], unpack(batch.left))
  hold_places(shared, used, linger)
  hold_persons(personal, batch.deadline, linger)
  note_served(KEYS[1], keys.lists, batch.by)
end
local next_text, binding_text = close_gate(gate, batch, next_at, binding)
local answer = table.concat({
  us(now),
  redis.call('HGET', KEYS[1], 'version') or '0',
  next_text,
  binding_text,
  batch.left_behind and '1' or '0',
  us(used > 0 and ARGV[10] == '1' and redis.call('HINCRBY', KEYS[13], 'seq', 1) or 0),
  table.concat(batch.runs, ';'),
}, '|')
redis.call('HSET', KEYS[1], 'seq', seq, 'answer', answer)
return { 'ok', answer }
