#!lua flags=allow-oom
-- Applies outcomes of calls. An outcome is a fact: it is applied whoever brings it, if it names the item's current try and ranks higher.
-- A repeat finds the item moved already and changes nothing.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started runs with calls under way
--   KEYS[4] later     items that wait alone
--   KEYS[5] flying    started run → its calls under way; marks of calls whose receipt came first
--   KEYS[6] holds     what the platform said must wait
--   KEYS[7] seat      of the home: the server it was verified on
--   KEYS[8..]         per limit: state, times; then per job: row, statuses, tries, uncounted; then per chunk: results; then the outbox
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] sender    member of the lanes set
--   ARGV[3] linger    ms that limit keys outlive their period
--   ARGV[4] letters   of what customers want to be told, '' = nothing
--   ARGV[5..]         limits: how many, then kind, count, per (µs), pace, whose of each; jobs: how many, then id, dies_at (ms)
--                     and holds field of its template ('' = none) of each;
--                     chunks: how many, then job slot, first row, last row of each;
--                     runs: how many, then each;
--                     holds to place: how many, then each: code, at least, base, cap (µs), share of the backoff (0..1), field, joined by ",";
--                     groups of outcomes, two arguments each: what all have in common, and the outcomes; fields joined by ","
--                     in common: chunk slot, run slot, try, to (a f u q), written (0|1), counts (0|1), most (counted attempts after which
--                     'q' becomes 'f', 0 = never), due (µs), why it waits (a letter), throttled (0|1)
--                     each outcome: index, ended (µs), person ('' = none), mark of its unique place ("score.score before", '' = none),
--                     line, which ends it
-- Returns {'unverified'}: the home's memory must be looked at | {n, wake, whole, moved}: a ticket n to add for wake (µs) or 0; whole = chunk slots ("1,4") of which nothing is queued or sending;
--   moved = how many items moved
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/memory/lua/_seat.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/pacing/lua/_limits.lua
-- include: ../../../src/pacing/lua/_rolling.lua
-- include: ../../../src/pacing/lua/_freed.lua
-- include: ../../../src/pacing/lua/_throttle.lua
-- include: ../../../src/pacing/lua/_holds.lua
-- include: ../../../src/pacing/lua/_told.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: ../../../src/ledger/lua/_outbox.lua
-- include: _recall.lua
-- include: _apply.lua
-- include: _outcome.lua
if not verified(KEYS[7]) then
  return { 'unverified' }
end
local now = now_us(ARGV[1])
local linger = tonumber(ARGV[3])
local shared, personal, at, key = read_limits(5, 8)
local jobs, chunks = {}, {}
for i = 1, tonumber(ARGV[at]) do
  jobs[i] = {
    id = ARGV[at + i * 3 - 2],
    dies_at = ARGV[at + i * 3 - 1],
    template = ARGV[at + i * 3],
    row = KEYS[key],
    statuses = KEYS[key + 1],
    tries = KEYS[key + 2],
    uncounted = KEYS[key + 3],
    deltas = {},
  }
  key = key + 4
end
at = at + #jobs * 3 + 1
for i = 1, tonumber(ARGV[at]) do
  local base = at + i * 3 - 2
  chunks[i] = { job = jobs[tonumber(ARGV[base])], first = tonumber(ARGV[base + 1]), last = tonumber(ARGV[base + 2]), results = KEYS[key], lines = {} }
  key = key + 1
end
at = at + #chunks * 3 + 1

local runs = { unpack(ARGV, at + 1, at + tonumber(ARGV[at])) }
at = at + #runs + 1

local outbox = open_outbox(KEYS[#KEYS], ARGV[4])
for i = 1, tonumber(ARGV[at]) do
  local code, least, base, cap, share, field = ARGV[at + i]:match('^([^,]*),(%d+),(%d+),(%d+),([%d.e-]+),(.*)$')
  local till = place_hold(KEYS[6], { code = code, at_least = tonumber(least), base = tonumber(base), cap = tonumber(cap), share = tonumber(share), field = field }, now)
  tell_hold(outbox, ARGV[2], field, code, till, now)
end
at = at + tonumber(ARGV[at]) + 1

local batch = { later = KEYS[4], flying = KEYS[5], wake = nil, moved = 0, ended = {}, landed = {}, people = {}, ticks = {}, till = 0, templates = {}, outbox = outbox }
for i = at, #ARGV, 2 do
  each_outcome(ARGV[i + 1], read_group(ARGV[i], chunks, runs, batch), function(outcome)
    apply(batch, outcome)
  end)
end
free_places(shared, batch.ended, linger)
tell_persons(personal, batch.people, now)
for _, limit in ipairs(shared) do
  if limit.kind == 'adaptive' then
    count_accepted(limit, batch.ticks, batch.till)
    if batch.throttled then
      throttle(limit, now)
    end
  end
end
if next(batch.ticks) then
  lift_holds(KEYS[6], { 'sender:' .. ARGV[2], 'credentials:' .. ARGV[2], 'portfolio', unpack(batch.templates) })
end
end_runs(batch.landed, KEYS[3], KEYS[5])

local whole = {}
for slot, chunk in ipairs(chunks) do
  write_bytes(bytes_of(chunk))
  if #chunk.lines > 0 then
    redis.call('APPEND', chunk.results, table.concat(chunk.lines))
    redis.call('PEXPIREAT', chunk.results, chunk.job.dies_at)
  end
  local bytes = redis.call('GETRANGE', chunk.job.statuses, chunk.first, chunk.last)
  if not bytes:find('q', 1, true) and not bytes:find('s', 1, true) then
    whole[#whole + 1] = slot
  end
end
for _, job in ipairs(jobs) do
  write_counts(job, now, batch.outbox)
end
post(batch.outbox)
local n = batch.wake and arrive(KEYS[1], KEYS[2], ARGV[2], batch.wake, now) or 0
return { us(n), us(batch.wake or 0), table.concat(whole, ','), batch.moved }
