#!lua flags=allow-oom
-- Writes the rows and results of a chunk anew, without what was said of forgotten people, if nobody has changed them since they were read. The job
-- is marked, so that a later word on such an item is noticed. A repeat finds them as they are to be.
--   KEYS[1] row       hash of the job
--   KEYS[2] rows      blob of the chunk
--   KEYS[3] results   lines of the chunk
--   KEYS[4] folded    compressed lines
--   ARGV[1] before    blob as it was read
--   ARGV[2] after     blob as it is to be
--   ARGV[3] lines     length of the lines that were read
--   ARGV[4] before    compressed lines as they were read, '' = none
--   ARGV[5] after     compressed lines as they are to be, all that was read in them; '' = the results stay as they are
--   ARGV[6] dies_at   unix ms
-- Returns 1 when it stands as told, 0 when something has changed since it was read
local rows, folded = redis.call('GET', KEYS[2]), redis.call('GET', KEYS[4]) or ''
local length = redis.call('STRLEN', KEYS[3])
local written = ARGV[5] == '' or (folded == ARGV[5] and length == 0)
if rows == ARGV[2] and written then
  return 1
end
if rows ~= ARGV[1] or (not written and (folded ~= ARGV[4] or length ~= tonumber(ARGV[3]))) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'PXAT', ARGV[6])
redis.call('HSET', KEYS[1], 'erased', '1')
if not written then
  redis.call('SET', KEYS[4], ARGV[5], 'PXAT', ARGV[6])
  redis.call('DEL', KEYS[3])
end
return 1
