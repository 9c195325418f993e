-- Applies outcomes of calls. An outcome is a fact: it is applied whoever brings it, if it names the item's current try and ranks higher.
-- A repeat finds the item moved already and changes nothing.
--   KEYS[1] lane      hash of the lane
--   KEYS[2] lanes     the home's lanes by the time a turn must have opened
--   KEYS[3] fly       started runs with calls under way
--   KEYS[4] later     items that wait alone
--   KEYS[5] flying    started run → its calls under way; marks of calls whose receipt came first
--   KEYS[6..]         per limit: state, times; then per job: row, statuses, tries, uncounted; then per chunk: results
--   ARGV[1] clock     µs, or '' for the server's time
--   ARGV[2] sender    member of the lanes set
--   ARGV[3] linger    ms that limit keys outlive their period
--   ARGV[4..]         limits: how many, then kind, count, per (µs), pace of each; jobs: how many, then id and dies_at (ms) of each;
--                     chunks: how many, then job slot, first row, last row of each;
--                     runs: how many, then each; outcomes, each one argument: chunk slot, run slot, index, try, to (a f u q), written (0|1),
--                     counts (0|1), most, ended (µs), due (µs), line, joined by ","; most = counted attempts after which 'q' becomes 'f', 0 = never
-- Returns {n, wake, whole, moved}: a ticket n to add for wake (µs) or 0; whole = chunk slots ("1,4") of which nothing is queued or sending;
--   moved = how many items moved
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/lanes/lua/_lane.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/ledger/lua/_items.lua
-- include: _apply.lua
local now = now_us(ARGV[1])
local linger = tonumber(ARGV[3])
local limits, at, key = read_limits(4, 6)
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
  chunks[i] = { job = jobs[tonumber(ARGV[base])], first = tonumber(ARGV[base + 1]), last = tonumber(ARGV[base + 2]), results = KEYS[key], lines = {} }
  key = key + 1
end
at = at + #chunks * 3 + 1

local runs = {}
for i = 1, tonumber(ARGV[at]) do
  runs[i] = ARGV[at + i]
end
at = at + #runs + 1

local OUTCOME = '^(%d+),(%d+),(%d+),(%d+),(%a),(%d),(%d),(%d+),(%d+),(%d+),(.*)$'
local batch = { later = KEYS[4], flying = KEYS[5], wake = nil, moved = 0, ended = {}, landed = {} }
for i = at, #ARGV do
  local chunk, run, index, try, to, written, counts, most, ended, due, line = ARGV[i]:match(OUTCOME)
  apply(batch, {
    chunk = chunks[tonumber(chunk)],
    run = runs[tonumber(run)],
    index = tonumber(index),
    try = tonumber(try) % 256,
    to = to,
    counts = counts == '1',
    most = tonumber(most),
    ended = written == '1' and tonumber(ended),
    due = tonumber(due),
    line = line,
  })
end
free_places(limits, batch.ended, linger)
for run, count in pairs(batch.landed) do
  if redis.call('HINCRBY', KEYS[5], run, -count) <= 0 then
    redis.call('HDEL', KEYS[5], run)
    redis.call('ZREM', KEYS[3], run)
  end
end

local whole = {}
for slot, chunk in ipairs(chunks) do
  write_bytes(bytes_of(chunk))
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
