-- Shows what may go next in a lane, in order: overdue calls, items that waited alone, then runs of rows by priority and in turn between jobs.
-- Admits scheduled jobs whose time has come. Grants nothing.
--   KEYS[1] lane       hash of the lane
--   KEYS[2] fly        started runs with calls under way
--   KEYS[3] later      items that wait alone
--   KEYS[4] scheduled  jobs that start in the future, members "priority job"
--   KEYS[5] cursors    job → "next rows"
--   KEYS[6] high       queue of jobs
--   KEYS[7] normal     queue of jobs
--   KEYS[8] bulk       queue of jobs
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] fence      of the turn
--   ARGV[3] rows       at most this many candidates
--   ARGV[4] share      rows of one job before the next job's turn comes
--   ARGV[5] later_cap  with this many items waiting alone, no new rows are shown
-- Returns {'gone'} | {'ok', version, now, next_due, overdue[], later[], runs[]}; runs are flat: job, from, count, queue (1 high … 3 bulk)
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
local now = now_us(ARGV[1])
if not holds(KEYS[1], ARGV[2], now) then
  return { 'gone' }
end
local QUEUE = { high = KEYS[6], normal = KEYS[7], bulk = KEYS[8] }
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', us(now), 'LIMIT', 0, 16)) do
  local priority, job = member:match('^(%S+) (%S+)$')
  redis.call('RPUSH', QUEUE[priority], job)
  redis.call('ZREM', KEYS[4], member)
end
local budget, share = tonumber(ARGV[3]), tonumber(ARGV[4])
local overdue = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', us(now), 'LIMIT', 0, budget)
local later = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', us(now), 'LIMIT', 0, budget)
budget = budget - #later
local runs = {}
local full = redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[5])
for q = 1, 3 do
  if budget <= 0 or full then
    break
  end
  local jobs = redis.call('LRANGE', KEYS[5 + q], 0, math.ceil(budget / share) - 1)
  -- One job alone takes the whole window; several take turns, or the second would wait for half a window of the first.
  local each = #jobs > 1 and share or budget
  for _, job in ipairs(jobs) do
    local from, rows = (redis.call('HGET', KEYS[5], job) or ''):match('^(%d+) (%d+)$')
    if from and budget > 0 then
      local count = math.min(each, budget, tonumber(rows) - tonumber(from))
      runs[#runs + 1] = job
      runs[#runs + 1] = from
      runs[#runs + 1] = tostring(count)
      runs[#runs + 1] = tostring(q)
      budget = budget - count
    end
  end
end
local next_due = 0
for _, key in ipairs({ KEYS[3], KEYS[4] }) do
  local head = redis.call('ZRANGEBYSCORE', key, '(' .. us(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if head[2] and (next_due == 0 or tonumber(head[2]) < next_due) then
    next_due = tonumber(head[2])
  end
end
return { 'ok', redis.call('HGET', KEYS[1], 'version') or '0', us(now), us(next_due), overdue, later, runs }
