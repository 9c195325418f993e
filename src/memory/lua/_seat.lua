-- include: seat. Which server a home was verified on. A server that was restarted, emptied or replaced is not that one: what it holds may be old.
-- seat hash of the home: run = the server's run id; seq = number of its last take that started something, where these are logged.
local function verified(seat)
  local run = redis.call('HGET', seat, 'run')
  return run and redis.call('INFO', 'server'):find('run_id:' .. run, 1, true) ~= nil
end
