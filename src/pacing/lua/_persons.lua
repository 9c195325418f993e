-- include: persons. Rules about one person each, for candidates one by one.
--   unique: `count` persons per `per`; sorted set (state) person → last send (µs), a call under way counts until its deadline; a person
--     in the customer service window, sorted set (times) person → its end (µs), is free and not counted
--   pair:   sorted set person → free again (µs): `per` after the end of the last call; a call under way is free after its deadline
--   rest:   sorted set person → rests until (µs); binds marketing only
-- include: _trim.lua
-- A pair whose call is under way is looked at again after this at the earliest: later than any moment that is planned.
local UNDER_WAY_US = 100000

-- Counts and trims once per take.
local function open_persons(personal, now)
  for _, limit in ipairs(personal) do
    local since = limit.kind == 'unique' and now - limit.per or now
    limit.nobody, limit.sent = redis.call('EXISTS', limit.state) == 0, {}
    if not limit.nobody then
      trim(limit.state, since)
    end
    if limit.kind == 'unique' then
      limit.used = redis.call('ZCOUNT', limit.state, '(' .. us(since), '+inf')
      limit.windows = redis.call('EXISTS', limit.times) == 1
      limit.added, limit.called, limit.full_until = {}, 0, nil
    end
  end
end

-- The scores of `persons` in each rule's sets, in one call each.
local function look_up(personal, persons)
  for _, limit in ipairs(#persons > 0 and personal or {}) do
    limit.scores = limit.nobody and {} or redis.call('ZMSCORE', limit.state, unpack(persons))
    limit.exempt = limit.windows and redis.call('ZMSCORE', limit.times, unpack(persons))
  end
end

-- When the next place of a full unique limit comes free: the oldest that must go. Who is called in this very take does not go.
local function unique_free_at(limit, now)
  local at, must_go = now, limit.used - limit.count + 1
  local since, some = '(' .. us(now - limit.per), must_go + limit.called
  local oldest = redis.call('ZRANGEBYSCORE', limit.state, since, '+inf', 'WITHSCORES', 'LIMIT', 0, some)
  for i = 1, #oldest, 2 do
    if must_go > 0 and not limit.sent[oldest[i]] then
      must_go, at = must_go - 1, tonumber(oldest[i + 1])
    end
  end
  return at + limit.per
end

local function unique_at(limit, person, i, now)
  local exempt, score = tonumber(limit.exempt and limit.exempt[i] or '0'), tonumber(limit.scores[i] or '0')
  if exempt > now or score > now - limit.per or limit.added[person] or limit.used < limit.count then
    return now
  end
  limit.full_until = limit.full_until or unique_free_at(limit, now)
  return limit.full_until
end

-- A call under way is expected to end soon: its pair is looked at again `per` after its moment.
local function pair_at(limit, person, i, now, deadline)
  local score = tonumber(limit.scores[i] or '0')
  if limit.sent[person] then
    return limit.sent[person] + limit.per
  end
  if score > now + limit.per then
    return math.max(score - deadline, now + UNDER_WAY_US)
  end
  return score
end

-- Person i of the last look-up cannot be called at `moment`: until when, the limit that says so, and whether the row should wait alone or in
-- its place. Nothing when it can.
local function person_wait(personal, person, i, now, moment, deadline, marketing)
  for _, limit in ipairs(personal) do
    if limit.kind ~= 'rest' or marketing then
      local alone = limit.kind ~= 'unique'
      local at = alone and pair_at(limit, person, i, now, deadline) or unique_at(limit, person, i, now)
      if at > moment then
        return at, limit, alone
      end
    end
  end
end

-- Person i goes at `moment`. Returns what a refusal puts back: the score before, '' when nothing was counted.
local function note_person(personal, person, i, now, moment, deadline)
  local before = ''
  for _, limit in ipairs(personal) do
    if limit.kind == 'pair' then
      limit.sent[person] = moment
    elseif limit.kind == 'unique' and tonumber(limit.exempt and limit.exempt[i] or '0') <= now then
      before = limit.sent[person] and us(limit.sent[person] + deadline) or limit.scores[i] or '0'
      if tonumber(limit.scores[i] or '0') <= now - limit.per and not limit.added[person] then
        limit.used, limit.added[person] = limit.used + 1, true
      end
      limit.sent[person], limit.called, limit.full_until = moment, limit.called + 1, nil
    end
  end
  return before
end

-- Writes what was noted.
local function hold_persons(personal, deadline, linger_ms)
  for _, limit in ipairs(personal) do
    local pairs_of = {}
    for person, moment in pairs(limit.sent or {}) do
      pairs_of[#pairs_of + 1] = us(moment + deadline + (limit.kind == 'pair' and limit.per or 0))
      pairs_of[#pairs_of + 1] = person
    end
    if #pairs_of > 0 then
      redis.call('ZADD', limit.state, unpack(pairs_of))
      redis.call('PEXPIRE', limit.state, us(limit.per / 1000 + linger_ms))
    end
  end
end
