-- include: limits. Limit specs as src/pacing/limits.ts writes them: five arguments and two keys each.
-- Shared by all calls: rolling, adaptive (rolling, and its count moves with the platform's refusals), concurrency.
-- About one person each: unique, pair, rest. A limit marked 'home' is shared by all senders of the home.
local PERSONAL = { unique = true, pair = true, rest = true }

-- Reads ARGV at `at`: how many, then kind, count, per (µs), pace, whose ('home' | 'own') of each; KEYS from `key` on: state, times of each.
-- Returns the shared limits, those about a person, and where ARGV and KEYS go on. `number` is the place in the list.
local function read_limits(at, key)
  local shared, personal = {}, {}
  local count = tonumber(ARGV[at])
  for i = 1, count do
    local base = at + (i - 1) * 5
    local limit = {
      number = i,
      kind = ARGV[base + 1],
      count = tonumber(ARGV[base + 2]),
      per = tonumber(ARGV[base + 3]),
      pace = ARGV[base + 4],
      home = ARGV[base + 5] == 'home',
      state = KEYS[key + (i - 1) * 2],
      times = KEYS[key + (i - 1) * 2 + 1],
    }
    local list = PERSONAL[limit.kind] and personal or shared
    list[#list + 1] = limit
  end
  return shared, personal, at + count * 5 + 1, key + count * 2
end
