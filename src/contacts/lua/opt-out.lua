#!lua flags=allow-oom
-- Notes that people want no more messages. Who is there already stays with their first time, and for all categories that were ever named. A
-- repeat changes nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] list        sorted set: person by time (ms)
--   ARGV[1] own         sources that others replace, each between commas: ",inbound,platform,"
--   ARGV[2..]           person and value of each
-- Returns a digit per person: 1 when this call made it, 0 when it was there
local function parse(text)
  local at, source, categories, reason = text:match('^(%d+)|([^|]*)|([^|]*)|(.*)$')
  return { at = at, source = source, categories = categories, reason = reason }
end

local function union(a, b)
  if a == '*' or b == '*' then
    return '*'
  end
  local letters = ''
  for letter in ('amsu'):gmatch('.') do
    if a:find(letter, 1, true) or b:find(letter, 1, true) then
      letters = letters .. letter
    end
  end
  return letters
end

local made = {}
for i = 2, #ARGV, 2 do
  local person, text = ARGV[i], ARGV[i + 1]
  local before = redis.call('HGET', KEYS[1], person)
  if not before then
    redis.call('HSET', KEYS[1], person, text)
    redis.call('ZADD', KEYS[2], parse(text).at, person)
    made[#made + 1] = '1'
  else
    local old, new = parse(before), parse(text)
    local categories = union(old.categories, new.categories)
    local stronger = ARGV[1]:find(',' .. old.source .. ',', 1, true) and not ARGV[1]:find(',' .. new.source .. ',', 1, true)
    if categories ~= old.categories or stronger then
      local from = (stronger or old.source == new.source) and new or old
      redis.call('HSET', KEYS[1], person, table.concat({ old.at, from.source, categories, from.reason }, '|'))
    end
    made[#made + 1] = old.at == new.at and '1' or '0'
  end
end
return table.concat(made)
