-- One take of one sender of a home, less all but the turns between senders.
--   KEYS[1] shares    hash of the home
--   ARGV[1] now       µs
--   ARGV[2] sender    who takes
--   ARGV[3] want      how many it would
--   ARGV[4] there     places of the shared limit that are free
-- Returns how many it took
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/pacing/lua/_shares.lua
local now, want, there = tonumber(ARGV[1]), tonumber(ARGV[3]), tonumber(ARGV[4])
local may, mine = allowance(KEYS[1], ARGV[2], want, now)
local used = math.min(may, there)
note_share(KEYS[1], ARGV[2], mine, used, used < want, now, now)
return used
