#!lua flags=allow-oom
-- Applies one control to a job: to its row, and to its cursors if it is in its lane. Controls may come in any order and again: of pauses and
-- resumes the newest counts, of patches the newest of each field, and a cancel always does, once.
--   KEYS[1] row        hash of the job
--   KEYS[2] lane       hash of the lane
--   KEYS[3] lanes      the home's lanes by the time a turn must have opened
--   KEYS[4] later      items that wait alone
--   KEYS[5] cursors    cursor → where it stands
--   KEYS[6] scheduled  cursors that wait for a time
--   KEYS[7] high       queue of cursors
--   KEYS[8] normal     queue of cursors
--   KEYS[9] bulk       queue of cursors
--   KEYS[10] outbox    what customers are told
--   ARGV[1] clock      µs, or '' for the server's time
--   ARGV[2] job        id
--   ARGV[3] sender     member of the lanes set
--   ARGV[4] seq        number of the control
--   ARGV[5] seen       how many controls of the job the caller knows of
--   ARGV[6] action     pause | resume | cancel | patch
--   ARGV[7] ends       µs: when the job expires, or dies; with the patch
--   ARGV[8] priority   with the patch
--   ARGV[9] seal       JSON with the patch; of the other actions ''
--   ARGV[10] start     µs, of a patch
--   ARGV[11] spread    µs, of a patch
--   ARGV[12] stops     µs from which no row goes, 0 = none; of a patch
--   ARGV[13] letters   of what customers want to be told, '' = nothing
--   ARGV[14..] field   what a patch changes, as far as no newer one has
-- Returns {'gone'} | {'again'}: the job has had another control | {'ended', state} | {'done', state, left, n, wake}: left = how many had left
--   when it was canceled; a ticket n to add for wake (µs), n = 0 when none is needed
-- include: ../../base/lua/_time.lua
-- include: _lane.lua
-- include: _cursor.lua
-- include: ../../ledger/lua/_items.lua
-- include: ../../ledger/lua/_outbox.lua
-- include: _control.lua
local now = now_us(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'state', 'rev', 'then', 'left', 'ctl', 'ctl_next', 'ctl_cancel')
if not h[1] then
  return { 'gone' }
end
local accepted, seq, action = h[1] == 'accepted', tonumber(ARGV[4]), ARGV[6]
local state = accepted and h[3] or h[1]
local over = state == 'canceling' or state == 'canceled'
-- A job that was canceled and tried again since has had this cancel already.
local canceled = action == 'cancel' and (over or seq <= tonumber(h[7] or '0'))
local switches = action == 'pause' or action == 'resume'
if (switches and seq <= tonumber(h[5] or '0')) or (action == 'patch' and #ARGV < 14) or canceled then
  local ticket = redis.call('HMGET', KEYS[2], 'n', 'until', 'wake')
  local asleep = tonumber(ticket[2] or '0') <= now and tonumber(ticket[3] or '0') > 0
  return { 'done', state, h[4] or '0', asleep and ticket[1] or '0', asleep and ticket[3] or '0' }
end
if (h[2] or '0') ~= ARGV[5] then
  return { 'again' }
end
if over or state == 'completed' or state == 'expired' or state == 'incomplete' then
  return { 'ended', state }
end

local keys = { later = KEYS[4], cursors = KEYS[5], scheduled = KEYS[6] }
local queues = { high = KEYS[7], normal = KEYS[8], bulk = KEYS[9] }
local job = { id = ARGV[2], row = KEYS[1], ends = tonumber(ARGV[7]), priority = ARGV[8], queues = queues }
local field = accepted and 'then' or 'state'
local outbox, first = open_outbox(KEYS[10], ARGV[13]), nil
redis.call('HINCRBY', KEYS[1], 'rev', 1)
redis.call('HSET', KEYS[1], 'updated', us(now), 'ctl_next', us(math.max(seq, tonumber(h[6] or '0'))))
if switches then
  redis.call('HSET', KEYS[1], 'ctl', ARGV[4])
end
for i = 14, #ARGV do
  redis.call('HSET', KEYS[1], 'ctl_' .. ARGV[i], ARGV[4])
end
if action == 'pause' and state ~= 'paused' then
  redis.call('HSET', KEYS[1], field, 'paused')
  tell_job(outbox, job.id, job.row, 'paused', now)
  first = rest(keys, job)
elseif action == 'resume' and state == 'paused' then
  tell_job(outbox, job.id, job.row, 'resumed', now)
  if accepted then
    redis.call('HDEL', KEYS[1], 'then')
  else
    redis.call('HSET', KEYS[1], 'state', 'open')
    first = go_on(keys, job, now)
  end
elseif action == 'cancel' then
  local n = redis.call('HMGET', KEYS[1], 'n:s', 'n:a', 'n:d', 'n:r', 'n:f', 'n:u')
  local left = 0
  for i = 1, 6 do
    left = left + tonumber(n[i] or '0')
  end
  redis.call('HSET', KEYS[1], field, 'canceling', 'left', us(left), 'ctl_cancel', us(math.max(seq, tonumber(h[7] or '0'))))
  forget(keys, job)
  redis.call('HINCRBY', KEYS[2], 'version', 1)
elseif action == 'patch' then
  redis.call('HSET', KEYS[1], 'seal', ARGV[9], 'ends', ARGV[12])
  retime(keys, job, tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]))
  first = state == 'paused' and rest(keys, job) or (not accepted and go_on(keys, job, now)) or nil
end
local n = first and not accepted and arrive(KEYS[2], KEYS[3], ARGV[3], first, now) or 0
post(outbox)
local after = redis.call('HMGET', KEYS[1], 'state', 'then', 'left')
return { 'done', after[1] == 'accepted' and after[2] or after[1], after[3] or '0', us(n), us(n > 0 and first or 0) }
