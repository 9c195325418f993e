-- Lets an item that waits alone wait until a later time. A second run finds it there.
--   KEYS[1] later   items that wait alone
--   ARGV[1] member  of the set
--   ARGV[2] until   µs
-- Returns 1 when it was moved, else 0
return redis.call('ZADD', KEYS[1], 'XX', 'GT', 'CH', ARGV[2], ARGV[1])
