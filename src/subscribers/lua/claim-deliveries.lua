-- Hands out deliveries that are due. Nobody else gets them until they are ended, or their time to be tried is over. After a lost reply they are
-- due again by then.
--   KEYS[1] due     positions that wait
--   KEYS[2] tries   position → tries that failed
--   KEYS[3] state   of the endpoint
--   KEYS[4] events  stream of the workspace's records
--   ARGV[1] clock   µs, or '' for the server's time
--   ARGV[2] hidden  ms that they are handed out for
--   ARGV[3] want    at most so many
-- Returns {next, failures, gone, position, tries, record, …}: next = when there will be more (unix ms, '' = nothing waits); failures of the
--   endpoint in a row; gone = how many waited for records that are kept no more
-- include: ../../base/lua/_time.lua
local now = math.floor(now_us(ARGV[1]) / 1000)
local state = redis.call('HMGET', KEYS[3], 'until', 'failures')
local reply, gone = {}, 0
local paused = tonumber(state[1] or '0')
if paused <= now then
  for _, position in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', us(now), 'LIMIT', 0, ARGV[3])) do
    local record = redis.call('XRANGE', KEYS[4], position, position)[1]
    if record then
      redis.call('ZADD', KEYS[1], us(now + tonumber(ARGV[2])), position)
      reply[#reply + 1] = position
      reply[#reply + 1] = redis.call('HGET', KEYS[2], position) or '0'
      reply[#reply + 1] = record[2][2]
    else
      redis.call('ZREM', KEYS[1], position)
      redis.call('HDEL', KEYS[2], position)
      gone = gone + 1
    end
  end
end
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local next_at = head[2] and us(math.max(tonumber(head[2]), paused)) or ''
return { next_at, state[2] or '0', us(gone), unpack(reply) }
