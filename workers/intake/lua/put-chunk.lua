-- Puts one chunk into Redis: its blob, a status byte per row, its count. A second arrival changes nothing, but where a stand-in was put for a chunk
-- that nobody could read: then it takes its place.
--   KEYS[1] row       hash of the job
--   KEYS[2] rows      blob of the chunk
--   KEYS[3] statuses  status byte per row
--   KEYS[4] arrived   where its digest is noted: the row; of a stream a hash of its own
--   KEYS[5] left_out  blob of its rows that are no items
--   ARGV[1] n         number of the chunk
--   ARGV[2] digest    SHA-256 of its rows
--   ARGV[3] blob      compressed rows
--   ARGV[4] from      first row
--   ARGV[5] bytes     status bytes of its rows
--   ARGV[6] queued    how many of them are queued
--   ARGV[7] dies_at   unix ms
--   ARGV[8] fp        fingerprint the chunk belongs to
--   ARGV[9] left_out  compressed; '' when all its rows are items
--   ARGV[10] parts    1 when the log may have got only a part of the job
-- Returns 1 when the job's seal is in (the caller then opens the job), 2 when it took the place of a stand-in in an open job (its items
--   have failed, and the caller tries them again), 3 when nobody knows yet whether its seal will come, else 0
-- include: ../../../src/base/lua/_time.lua
local name, bytes = ':' .. ARGV[8] .. ':' .. ARGV[1], ARGV[5]

local function answer_of()
  local h = redis.call('HMGET', KEYS[1], 'sealed', 'fp')
  if h[1] then
    return 1
  end
  if ARGV[10] == '0' or h[2] == ARGV[8] then
    return 0
  end
  redis.call('HSET', KEYS[1], 'at:' .. ARGV[8], us(now_us('')))
  redis.call('PEXPIREAT', KEYS[1], ARGV[7])
  return 3
end

local function keep()
  redis.call('SET', KEYS[2], ARGV[3], 'PXAT', ARGV[7])
  if ARGV[9] ~= '' then
    redis.call('SET', KEYS[5], ARGV[9], 'PXAT', ARGV[7])
  end
end

-- Rows that turn out to be no items do not count any more.
local function correct()
  local first, gone = tonumber(ARGV[4]), 0
  for at = 1, #bytes do
    if bytes:sub(at, at) == '-' and redis.call('GETRANGE', KEYS[3], first + at - 1, first + at - 1) == 'f' then
      redis.call('SETRANGE', KEYS[3], first + at - 1, '-')
      gone = gone + 1
    end
  end
  return gone
end

local function replace()
  local h = redis.call('HMGET', KEYS[1], 'seal', 'fp')
  if redis.call('HGET', KEYS[4], 'in' .. name) == '*' then
    redis.call('HSET', KEYS[4], 'in' .. name, ARGV[2])
    redis.call('HINCRBY', KEYS[1], 'q:' .. ARGV[8], ARGV[6])
    redis.call('HINCRBY', KEYS[1], 'f:' .. ARGV[8], -#bytes)
    redis.call('SETRANGE', KEYS[3], ARGV[4], ARGV[5])
    return true, redis.call('HEXISTS', KEYS[1], 'sealed')
  end
  if h[2] ~= ARGV[8] or not h[1] then
    return false, 0
  end
  -- Of a stream only one chunk was ever sent in this place.
  local digests = cjson.decode(h[1]).digests
  if digests and digests[tonumber(ARGV[1]) + 1] ~= ARGV[2] then
    return false, 0
  end
  local gone = correct()
  if gone > 0 then
    redis.call('HINCRBY', KEYS[1], 'n:f', -gone)
    redis.call('HINCRBY', KEYS[1], 'total', -gone)
  end
  return true, 2
end

if redis.call('EXISTS', KEYS[2]) == 1 then
  if redis.call('HEXISTS', KEYS[1], 'lost' .. name) == 0 then
    return answer_of()
  end
  local fits, answer = replace()
  if fits then
    keep()
  end
  return answer
end
local state = redis.call('HGET', KEYS[1], 'state')
-- Of an upload that was given up nothing is kept.
if state == 'incomplete' or state == 'canceled' then
  return 0
end
keep()
redis.call('SETRANGE', KEYS[3], ARGV[4], ARGV[5])
redis.call('PEXPIREAT', KEYS[3], ARGV[7])
redis.call('HSET', KEYS[4], 'in' .. name, ARGV[2])
redis.call('PEXPIREAT', KEYS[4], ARGV[7])
redis.call('HINCRBY', KEYS[1], 'q:' .. ARGV[8], ARGV[6])
redis.call('PEXPIREAT', KEYS[1], ARGV[7])
return answer_of()
