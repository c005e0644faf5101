-- What may be done with a dead letter: a part of the scripts `redrive`, `discard-letter` and `step-operation`.

-- Sends it again under its own id: as new when it has not left, for reconciliation when it may have.
-- `body`: edited (JSON) or "", `carried`: what it carries then ("<media id>|<kind>") or "". Result: as that of `redrive`.
local function redrive_letter(m, now, body, origins, carried)
  -- The same command, sent again.
  if tonumber(m.redriven_at) == now and (body == "" or m.body == body) and not redis.call("ZSCORE", key.letters(), m.id) then return { "redriven", m.version } end
  if not redis.call("ZSCORE", key.letters(), m.id) or not may_come_from(m, origins) then return { "not-a-letter" } end
  if m.left and body ~= "" then return { "possible" } end
  local gen = redis.call("HGET", key.device(m.device), "gen")
  if not gen and m.pool and not m.left then
    -- Another device of its pool sends it: the one that its recipient sticks to by now, or else the first.
    local first = pool_devices(m.pool)[1]
    local other = first and taker_of(m.pool, m.recipient, first)
    if other then
      m.device, gen = other, generation(other)
      redis.call("HSET", key.message(m.id), "device", other)
      redis.call("ZADD", key.outbox(other), m.seq, m.id)
      stick_to(m.pool, m.recipient, other)
      look_for_returns(other, m.pool, now)
    end
  end
  if not gen then return { "no-device" } end
  if m.left and m.gen ~= gen then return { "other-identity" } end
  m.gen = gen
  m.seq = redis.call("INCR", key.sequence())
  redis.call("HSET", key.message(m.id), "gen", gen, "seq", m.seq, "rounds", 0, "redriven_at", now)
  if body ~= "" then redis.call("HSET", key.message(m.id), "body", body) end
  if body ~= "" and carried ~= "" then redis.call("HSET", key.message(m.id), "media", carried) end
  -- Its old time limit is over, and so is the reminder of it; nobody waits for its answer any more.
  redis.call("HDEL", key.message(m.id), "taken", "deaths", "alone", "expires_at", "sync_until")
  redis.call("ZREM", key.due(), "x:" .. m.id)
  m.expires_at = nil
  if m.left then
    -- Its gate is shut when it is fed: shut now, it could stand before a message that stands before it.
    redis.call("HSET", key.message(m.id), "left_at", now)
    return { "redriven", enter(m, { to = "unknown", at = now, due = now, why = "reconcile", attempts = 0 }) }
  end
  local version = enter(m, { to = "queued", at = now, backlog = true, attempts = 0 })
  wake(m.device)
  return { "redriven", version }
end

-- Takes it off the index; the message stays readable as long as any settled one. False when it is no letter.
local function discard_letter(id)
  if redis.call("ZREM", key.letters(), id) == 0 then return false end
  redis.call("PEXPIRE", key.message(id), S.settled_kept_ms)
  return true
end
