-- include: gate. What lets a lane's calls through beside its limits: holds of the platform, and turns between senders of one home.
-- Needs: holds, shares, permits.

-- A lane with nothing allowed looks again after this long: its neighbours have their turn.
local TURN_US = 20000

-- The first hold that is not over, or one that must be probed by a single call.
local function find_hold(found, fields, now)
  local probing = nil
  for _, field in ipairs(fields) do
    local hold = found[field]
    if hold and hold.until_us > now then
      return field, hold, nil
    end
    probing = probing or (hold and field)
  end
  return nil, nil, probing
end

local function has_home_limit(shared)
  for _, limit in ipairs(shared) do
    if limit.home then
      return true
    end
  end
  return false
end

local function open_gate(holds_key, shares_key, shared, jobs, sender, want, now)
  local own = { 'sender:' .. sender, 'credentials:' .. sender, 'portfolio' }
  local fields = { own[1], own[2], own[3] }
  for _, job in ipairs(jobs) do
    if job.template ~= '' then
      fields[#fields + 1] = job.template
    end
  end
  local found = read_holds(holds_key, fields)
  local gate = { holds_key = holds_key, found = found, shares_key = shares_key, sender = sender, now = now, jobs = jobs }
  gate.field, gate.hold, gate.probing = find_hold(found, own, now)
  gate.want = gate.hold and 0 or gate.probing and math.min(1, want) or want
  for _, job in ipairs(jobs) do
    local hold = found[job.template]
    job.held_until = hold and hold.until_us > now and hold.until_us or nil
    if hold and not job.held_until then
      gate.probing = gate.probing or job.template
      gate.want = math.min(1, gate.want)
    end
  end
  if has_home_limit(shared) then
    gate.asked = gate.want
    gate.want, gate.served = allowance(shares_key, sender, gate.want, now)
  end
  return gate
end

-- Notes what came of it. Returns the texts of when the next call could go and of what binds it.
local function close_gate(gate, batch, next_at, binding)
  local used, now = batch.used, gate.now
  if used > 0 and gate.probing then
    probe(gate.holds_key, gate.probing, gate.found[gate.probing], now)
  end
  local name = binding and us(binding.number) or '0'
  if gate.hold then
    next_at, name = gate.hold.until_us, gate.field
  elseif used < #batch.moments then
    -- All that was offered has been looked at: what stayed behind waits for its own time.
    next_at = batch.wait < math.huge and batch.wait or now
    name = batch.waits_for and us(batch.waits_for.number) or '0'
  end
  if gate.served then
    local turned = gate.want < gate.asked and used == gate.want
    local waits = turned or (binding and binding.home and used == #batch.moments)
    next_at = turned and next_at <= now and now + TURN_US or next_at
    note_share(gate.shares_key, gate.sender, gate.served, used, waits, next_at, now)
  end
  return next_at == UNKNOWN and '' or us(next_at), name
end
