-- include: offered. The jobs that a take is offered rows of.

-- Reads ARGV at `at`: how many, then id, category and holds field of each; KEYS from `key` on: row, statuses, tries of each.
-- Returns them, and where ARGV goes on.
local function read_offered(at, key)
  local jobs = {}
  for i = 1, tonumber(ARGV[at]) do
    local base = at + i * 3 - 2
    local stands = redis.call('HMGET', KEYS[key], 'state', 'ends')
    jobs[i] = {
      id = ARGV[base],
      marketing = ARGV[base + 1] == 'marketing',
      template = ARGV[base + 2],
      row = KEYS[key],
      statuses = KEYS[key + 1],
      tries = KEYS[key + 2],
      state = stands[1],
      ends = tonumber(stands[2] or '0'),
    }
    key = key + 3
  end
  return jobs, at + #jobs * 3 + 1
end
