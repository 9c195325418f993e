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

local wake, moved = nil, 0

local function apply(o)
  local job, index = o.chunk.job, o.index
  if try_at(job.tries, index) == o.try then
    local from = status_at(job.statuses, index)
    if o.to == 'q' and o.counts and o.most > 0 then
      local counted = o.try - tonumber(redis.call('HGET', job.uncounted, us(index)) or '0')
      o.to = counted >= o.most and 'f' or 'q'
    end
    if outranks(from, o.to) then
      move(job.row, job.statuses, index, from, o.to)
      moved = moved + 1
      job.touched = true
      if o.to ~= 'q' then
        o.chunk.lines[#o.chunk.lines + 1] = o.line
      end
      if o.to == 'q' then
        redis.call('ZADD', KEYS[4], us(o.due), job.id .. ':' .. us(index))
        wake = math.min(wake or o.due, o.due)
        if not o.counts then
          redis.call('HINCRBY', job.uncounted, us(index), 1)
          redis.call('PEXPIREAT', job.uncounted, job.dies_at)
        end
      end
    end
  end
  if redis.call('ZREM', KEYS[3], job.id .. ':' .. us(index) .. ':' .. o.try) == 1 then
    free_places(limits, o.ended, o.written, linger)
  end
end

while ARGV[at] do
  apply({
    chunk = chunks[tonumber(ARGV[at])],
    index = tonumber(ARGV[at + 1]),
    try = tonumber(ARGV[at + 2]) % 256,
    to = ARGV[at + 3],
    written = ARGV[at + 4] == '1',
    counts = ARGV[at + 5] == '1',
    most = tonumber(ARGV[at + 6]),
    ended = tonumber(ARGV[at + 7]),
    due = tonumber(ARGV[at + 8]),
    line = ARGV[at + 9],
  })
  at = at + 10
end

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
  if job.touched then
    redis.call('HSET', job.row, 'updated', us(now))
    redis.call('PEXPIREAT', job.tries, job.dies_at)
    complete_if_done(job.row, now)
  end
end
local n = wake and arrive(KEYS[1], KEYS[2], ARGV[2], wake, now) or 0
return { us(n), us(wake or 0), table.concat(whole, ','), moved }
