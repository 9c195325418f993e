-- A whole history of takes and ends of one lane in one call, under the test's clock: what the model is compared with.
--   KEYS[1..]        per limit: state, times
--   ARGV[1] now      µs at the start
--   ARGV[2] horizon  µs that a moment may lie ahead
--   ARGV[3] deadline µs after its moment at which a call has ended
--   ARGV[4..]        limits: how many, then kind, count, per (µs), pace, whose of each; then steps, each one argument:
--                    "take want person person …", "end pick took outcome" (of the open calls), "pass µs", "count limit n"
-- Returns a line per step
-- include: ../../../src/base/lua/_time.lua
-- include: ../../../src/pacing/lua/_limits.lua
-- include: ../../../src/pacing/lua/_rolling.lua
-- include: ../../../src/pacing/lua/_freed.lua
-- include: ../../../src/pacing/lua/_throttle.lua
-- include: ../../../src/pacing/lua/_permits.lua
-- include: ../../../src/pacing/lua/_persons.lua
-- include: ../../../src/pacing/lua/_told.lua
local LINGER_MS = 120000
local now, horizon, deadline = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local shared, personal, at = read_limits(4, 1)
local open = {}

local function words(text)
  local found = {}
  for word in text:gmatch('%S+') do
    found[#found + 1] = word
  end
  return found
end

local function take(want, persons)
  local moments, next_at, binding = permits(shared, want, now, horizon)
  open_persons(personal, now)
  look_up(personal, persons)
  local used, line, looked = 0, {}, 0
  for i, person in ipairs(persons) do
    if used == #moments then
      break
    end
    looked = i
    if not person_wait(personal, person, i, now, moments[used + 1], deadline, false) then
      used = used + 1
      local before = note_person(personal, person, i, now, moments[used], deadline)
      open[#open + 1] = { moment = moments[used], person = person, mark = before == '' and '' or us(moments[used] + deadline) .. '.' .. before }
      line[#line + 1] = i .. '@' .. string.format('%.3f', moments[used])
    end
  end
  hold_places(shared, used, LINGER_MS)
  hold_persons(personal, deadline, LINGER_MS)
  if looked < #persons and used < want then
    line[#line + 1] = 'next ' .. (next_at == UNKNOWN and 'unknown' or string.format('%.3f', next_at)) .. ' by ' .. (binding and binding.number or 0)
  end
  return table.concat(line, ' ')
end

local function finish(call, ended, outcome)
  local written = outcome ~= 'unsent' and ended
  free_places(shared, { written }, LINGER_MS)
  call.ended, call.to, call.why = written, outcome == 'sent' and 'a' or outcome == 'refused' and 'f' or 'q', 'r'
  tell_persons(personal, { call }, now)
end

-- Calls without an answer end at their deadline.
local function pass(to)
  local late, rest = {}, {}
  for _, call in ipairs(open) do
    local list = call.moment + deadline <= to and late or rest
    list[#list + 1] = call
  end
  open = rest
  table.sort(late, function(a, b)
    return a.moment < b.moment
  end)
  for _, call in ipairs(late) do
    finish(call, call.moment + deadline, 'sent')
  end
  now = to
end

local lines = {}
for i = at, #ARGV do
  local step = words(ARGV[i])
  local line = ''
  if step[1] == 'take' then
    line = take(tonumber(step[2]), { unpack(step, 3) })
  elseif step[1] == 'pass' then
    pass(now + tonumber(step[2]))
  elseif step[1] == 'count' then
    shared[tonumber(step[2])].count = tonumber(step[3])
  elseif #open > 0 then
    local call = table.remove(open, tonumber(step[2]) % #open + 1)
    local ended = math.max(call.moment, now) + tonumber(step[3])
    pass(ended)
    finish(call, ended, step[4])
  end
  lines[#lines + 1] = line
end
return lines
