-- Claims an idempotency key for one body and one job, or says what stands there.
-- Safe to repeat: the same owner is told `claimed` again, with the same values.
--   KEYS[1] claim        hash: s state (p in progress, u perhaps in the log, d done), f fingerprint, j job, h home,
--                        c created ms; while p: o owner; l lease end ms, of u: when it was given up; r "1" once an earlier try may have
--                        reached the log, "2" when that one had another body, "3" when both; t what an earlier try found wrong with
--                        templates, as JSON
--   KEYS[2] reply        string: the two lists of the 202, as JSON
--   ARGV[1] fingerprint  32 bytes
--   ARGV[2] owner        names this try
--   ARGV[3] job          its id; empty when its sender is not known, then nothing is claimed
--   ARGV[4] home
--   ARGV[5] created      unix ms, kept from the first claim on
--   ARGV[6] lease        ms this try may take
--   ARGV[7] memory       ms the claim is remembered
--   ARGV[8] stuck        ms after which a try that never ended binds the key to its body no more
-- Returns {"claimed", job, home, created, resumed, templates or ""} | {"done", job, home, reply or ""} | {"busy", ms left} | {"mismatch"} | {"absent"}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', KEYS[1], 's', 'f', 'j', 'h', 'c', 'o', 'l', 'r', 't')
local state, job, home, created, resumed = held[1], ARGV[3], ARGV[4], ARGV[5], '0'

if state and held[2] ~= ARGV[1] then
  local gone = state ~= 'd' and held[7] and tonumber(held[7]) + tonumber(ARGV[8]) < now
  if not gone or job == '' then return {'mismatch'} end
  -- The log may have the other body all the same: the job's row says whose it is.
  resumed, held[9] = '2', false
  redis.call('HDEL', KEYS[1], 't')
elseif state then
  job, home, created, resumed = held[3], held[4], held[5], held[8] or '0'
  if state == 'd' then return {'done', job, home, redis.call('GET', KEYS[2]) or ''} end
  if state == 'p' and held[6] ~= ARGV[2] then
    local left = tonumber(held[7]) - now
    if left > 0 then return {'busy', string.format('%.0f', left)} end
  end
  -- Given up in the middle, or its lease has lapsed: whether the log has it cannot be known.
  if held[6] ~= ARGV[2] then resumed = (resumed == '2' or resumed == '3') and '3' or '1' end
elseif job == '' then
  return {'absent'}
end

redis.call('HSET', KEYS[1], 's', 'p', 'f', ARGV[1], 'j', job, 'h', home, 'c', created, 'o', ARGV[2],
  'l', string.format('%.0f', now + tonumber(ARGV[6])), 'r', resumed)
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return {'claimed', job, home, created, resumed, held[9] or ''}
