-- Applies outcomes of calls. An outcome is a fact: it is applied whoever brings it, if it names the item's current try and ranks higher.
-- A repeat finds the item moved already and changes nothing.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started items without an outcome
--   KEYS[4] later     items that wait alone
--   KEYS[5..]         per limit: state, times; then per job: row, statuses, tries, uncounted; then per chunk: results
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] sender    member of the lanes set
--   ARGV[3] linger    ms that limit keys outlive their period
--   ARGV[4..]         limits: how many, then kind, count, per (µs), pace of each; jobs: how many, then id and dies_at (ms) of each;
--                     chunks: how many, then job slot, first row, last row of each;
--                     outcomes: chunk slot, index, try, to (a f u q), written (0|1), counts (0|1), most, ended (µs), due (µs), line;
--                     most = counted attempts after which 'q' becomes 'f', 0 = never
-- Returns {n, wake, whole, moved}: a ticket n to add for wake (µs) or 0; whole = chunk slots ("1,4") of which nothing is queued or sending;
--   moved = how many items moved
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: _apply.lua
local now = now_us(ARGV[1])
local linger = tonumber(ARGV[3])
local limits, at, key = read_limits(4, 5)
local jobs, chunks = {}, {}
for i = 1, tonumber(ARGV[at]) do
  jobs[i] = {
    id = ARGV[at + i * 2 - 1],
    dies_at = ARGV[at + i * 2],
    row = KEYS[key],
    statuses = KEYS[key + 1],
    tries = KEYS[key + 2],
    uncounted = KEYS[key + 3],
    deltas = {},
  }
  key = key + 4
end
at = at + #jobs * 2 + 1
for i = 1, tonumber(ARGV[at]) do
  local base = at + i * 3 - 2
  chunks[i] = { job = jobs[tonumber(ARGV[base])], first = ARGV[base + 1], last = ARGV[base + 2], results = KEYS[key], lines = {} }
  key = key + 1
end
at = at + #chunks * 3 + 1

local batch = { later = KEYS[4], wake = nil, moved = 0 }
local ended, flying = {}, {}
while ARGV[at] do
  local o = {
    chunk = chunks[tonumber(ARGV[at])],
    index = tonumber(ARGV[at + 1]),
    try = tonumber(ARGV[at + 2]) % 256,
    to = ARGV[at + 3],
    counts = ARGV[at + 5] == '1',
    most = tonumber(ARGV[at + 6]),
    due = tonumber(ARGV[at + 8]),
    line = ARGV[at + 9],
  }
  apply(batch, o)
  flying[#flying + 1] = o.chunk.job.id .. ':' .. us(o.index) .. ':' .. o.try
  ended[#flying] = ARGV[at + 4] == '1' and tonumber(ARGV[at + 7]) or false
  at = at + 10
end

-- Only a call that still held its places gives them back, once: a repeat finds it gone, and of two outcomes in one batch the later end counts.
local scores = redis.call('ZMSCORE', KEYS[3], unpack(flying))
local freed, slots = {}, {}
for i, member in ipairs(flying) do
  local slot = slots[member]
  if scores[i] and not slot then
    freed[#freed + 1], slots[member] = ended[i], #freed + 1
  elseif slot and ended[i] then
    freed[slot] = math.max(freed[slot] or 0, ended[i])
  end
end
redis.call('ZREM', KEYS[3], unpack(flying))
free_places(limits, freed, linger)

local whole = {}
for slot, chunk in ipairs(chunks) do
  if #chunk.lines > 0 then
    redis.call('APPEND', chunk.results, table.concat(chunk.lines))
    redis.call('PEXPIREAT', chunk.results, chunk.job.dies_at)
  end
  if not redis.call('GETRANGE', chunk.job.statuses, chunk.first, chunk.last):find('[qs]') then
    whole[#whole + 1] = slot
  end
end
for _, job in ipairs(jobs) do
  write_counts(job, now)
end
local n = batch.wake and arrive(KEYS[1], KEYS[2], ARGV[2], batch.wake, now) or 0
return { us(n), us(batch.wake or 0), table.concat(whole, ','), batch.moved }
