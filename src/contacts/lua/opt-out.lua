#!lua flags=allow-oom
-- Notes that people want no more messages. Who is there already stays with their first time, and for all categories that were ever named. A
-- repeat changes nothing.
--   KEYS[1] suppressed  hash: person → "at|source|categories|reason"
--   KEYS[2] list        sorted set: person by time (ms)
--   KEYS[3] started     sorted set: person by when they last asked for messages again (ms)
--   ARGV[1] own         sources that are the person's own word, weaker ones first, each between commas
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

-- What weighs more names the source: the workspace's own word more than the person's.
local function rank(source)
  return ARGV[1]:find(',' .. source .. ',', 1, true) or math.huge
end

local made = {}
for i = 2, #ARGV, 2 do
  local person, text = ARGV[i], ARGV[i + 1]
  local before, new = redis.call('HGET', KEYS[1], person), parse(text)
  local own = rank(new.source) < math.huge
  if own and tonumber(redis.call('ZSCORE', KEYS[3], person) or '0') > tonumber(new.at) then
    -- They have changed their mind since; it was only heard earlier.
    made[#made + 1] = '0'
  elseif not before then
    redis.call('HSET', KEYS[1], person, text)
    redis.call('ZADD', KEYS[2], new.at, person)
    made[#made + 1] = '1'
  else
    local old = parse(before)
    local categories = union(old.categories, new.categories)
    local from = rank(new.source) >= rank(old.source) and (categories ~= old.categories or rank(new.source) > rank(old.source)) and new or old
    -- Of their own words the last one counts.
    local at = own and rank(old.source) < math.huge and math.max(tonumber(old.at), tonumber(new.at)) or tonumber(old.at)
    local after = table.concat({ string.format('%.0f', at), from.source, categories, from.reason }, '|')
    if after ~= before then
      redis.call('HSET', KEYS[1], person, after)
      redis.call('ZADD', KEYS[2], string.format('%.0f', at), person)
    end
    made[#made + 1] = before == text and '1' or '0'
  end
end
return table.concat(made)
