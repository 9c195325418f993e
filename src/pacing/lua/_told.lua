-- include: told. Limits about one person hear what became of the call that they let through. Needs: limits.

-- The person was reached, or may have been: it counts from the call's end. Refused or never written, its place goes back to what it was.
-- Another call to it may have its own word by now: then only a later time counts.
local function end_unique(limit, o)
  local mark, before = o.mark:match('^(%d+)%.(%d+)$')
  local own = redis.call('ZSCORE', limit.state, o.person) == mark
  if o.ended and o.to ~= 'f' and o.to ~= 'q' then
    redis.call('ZADD', limit.state, own and 'XX' or 'GT', us(o.ended), o.person)
  elseif own and before == '0' then
    redis.call('ZREM', limit.state, o.person)
  elseif own then
    redis.call('ZADD', limit.state, before, o.person)
  end
end

-- A set of pairs is kept for this much longer than the last of them binds.
local PAIR_LINGER_MS = 2000

-- A pair is free `per` after the call's end, or at once when nothing was written; later when the platform says so.
local function end_pairs(limit, outcomes, now)
  local ends, never = {}, {}
  for _, o in ipairs(outcomes) do
    if o.ended then
      ends[#ends + 1] = us(math.max(o.ended + limit.per, o.why == 'p' and o.due or 0))
      ends[#ends + 1] = o.person
    else
      never[#never + 1] = o.person
    end
  end
  if #never > 0 then
    redis.call('ZREM', limit.state, unpack(never))
  end
  if #ends > 0 then
    redis.call('ZADD', limit.state, unpack(ends))
  end
  -- Nobody need be remembered for longer than the last of them: 70 bytes for each of many who wait for nothing.
  local last = redis.call('ZRANGE', limit.state, -1, -1, 'WITHSCORES')[2]
  if last then
    redis.call('PEXPIRE', limit.state, us(math.max(0, (tonumber(last) - now) / 1000) + PAIR_LINGER_MS))
  end
end

local function rest_persons(limit, outcomes)
  for _, o in ipairs(outcomes) do
    if o.why == 'u' then
      redis.call('ZADD', limit.state, 'GT', us(o.due), o.person)
      redis.call('PEXPIREAT', limit.state, us(o.due / 1000), 'NX')
      redis.call('PEXPIREAT', limit.state, us(o.due / 1000), 'GT')
    end
  end
end

local function tell_persons(personal, outcomes, now)
  local named = {}
  for _, o in ipairs(outcomes) do
    if o.person ~= '' then
      named[#named + 1] = o
    end
  end
  for _, limit in ipairs(personal) do
    if limit.kind == 'pair' then
      end_pairs(limit, named, now)
    elseif limit.kind == 'rest' then
      rest_persons(limit, named)
    else
      for _, o in ipairs(named) do
        if o.mark ~= '' then
          end_unique(limit, o)
        end
      end
    end
  end
end
