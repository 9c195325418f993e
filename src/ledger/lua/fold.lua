#!lua flags=allow-oom
-- Replaces the result lines of a chunk by their compressed form, unless lines were added since they were read.
--   KEYS[1] results  lines
--   KEYS[2] folded   compressed lines
--   ARGV[1] length   of the lines that were folded
--   ARGV[2] blob     compressed lines, earlier ones included
--   ARGV[3] dies_at  unix ms
-- Returns 1 when folded, 0 when the lines have changed
if redis.call('STRLEN', KEYS[1]) ~= tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[2], ARGV[2], 'PXAT', ARGV[3])
redis.call('DEL', KEYS[1])
return 1
