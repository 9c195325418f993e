-- include: shares. Senders that wait for one limit of their home take turns: nobody is more than a share ahead of the one behind.
-- shares hash of the home: sender → "served|until": calls granted while others waited, and until when (µs) it stands as waiting.
local SHARE = 16
-- A lane that waits looks again within this time, or it is gone.
local STANDS_US = 1500000

-- How many calls this sender may take now, and what it has been served.
local function allowance(key, sender, want, now)
  local mine, waited, least = 0, false, nil
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local served, stands = all[i + 1]:match('^(%d+)|(%d+)$')
    if all[i] == sender then
      mine, waited = tonumber(served), tonumber(stands) > now
    elseif tonumber(stands) > now then
      least = math.min(least or math.huge, tonumber(served))
    else
      redis.call('HDEL', key, all[i])
    end
  end
  -- Who comes anew starts with those who wait: time away is no credit. Who has waited keeps what it is behind.
  if not waited then
    mine = math.max(mine, least or 0)
  end
  return least and math.max(0, math.min(want, least + SHARE - mine)) or want, mine
end

-- It took `used`; it stands as waiting when a limit of the home, or its share, held it back until `next_at`.
local function note_share(key, sender, mine, used, waits, next_at, now)
  if not waits then
    redis.call('HDEL', key, sender)
    return
  end
  local stands = (next_at == math.huge and now or math.max(now, next_at)) + STANDS_US
  redis.call('HSET', key, sender, us(mine + used) .. '|' .. us(stands))
  redis.call('PEXPIRE', key, us(math.max(600000, (stands - now) / 1000)))
end
