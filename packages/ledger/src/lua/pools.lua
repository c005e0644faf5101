-- Pools: a part of the scripts that change them, and of those that give messages to their devices.

-- The devices of a pool, in the order of its user; none when there is no such pool.
local function pool_devices(pool)
  local devices = redis.call("HGET", key.pool(pool), "devices")
  return devices and cjson.decode(devices) or {}
end

-- The first of these devices that there is not.
local function missing_device(devices)
  for _, device in ipairs(devices) do
    if redis.call("HEXISTS", key.device(device), "gen") == 0 then return device end
  end
end

-- It is to be looked at whether the device has messages to give back to the pool.
local function look_for_returns(device, pool, at)
  redis.call("ZADD", key.returns(), "NX", at, device .. "|" .. pool)
end

-- The batches that are sent from a pool and have not ended.
local function open_batches(pool)
  local found = {}
  for _, device in ipairs(pool_devices(pool)) do
    for _, batch in ipairs(redis.call("ZRANGE", key.batchesof(device), 0, -1)) do
      if redis.call("HGET", key.batch(batch), "pool") == pool then found[batch] = true end
    end
  end
  return found
end

-- From now on the pool has these devices, and so have its batches.
local function set_devices(pool, devices, now)
  local batches, before = open_batches(pool), pool_devices(pool)
  -- An empty table is an object to cjson.
  local text = #devices > 0 and cjson.encode(devices) or "[]"
  redis.call("HSET", key.pool(pool), "devices", text)
  for _, device in ipairs(before) do redis.call("SREM", key.poolsof(device), pool) end
  for _, device in ipairs(devices) do redis.call("SADD", key.poolsof(device), pool) end
  for batch in pairs(batches) do
    local class, state = unpack(redis.call("HMGET", key.batch(batch), "class", "state"))
    for _, device in ipairs(before) do
      redis.call("ZREM", key.batchesof(device), batch)
      if redis.call("SISMEMBER", key.poolsof(device), pool) == 0 then redis.call("ZREM", key.ring(device, class), batch) end
    end
    redis.call("HSET", key.batch(batch), "devices", text)
    for _, device in ipairs(devices) do redis.call("ZADD", key.batchesof(device), now, batch) end
    if state == "running" then join_rings(batch) end
  end
end

-- A device that is deleted leaves its pools: what it can give back is given back before the rest is canceled.
local function leave_pools(device, at)
  for _, pool in ipairs(redis.call("SMEMBERS", key.poolsof(device))) do
    local others = {}
    for _, other in ipairs(pool_devices(pool)) do
      if other ~= device then others[#others + 1] = other end
    end
    set_devices(pool, others, at)
    redis.call("SADD", key.leaving(device), pool)
    look_for_returns(device, pool, at)
  end
end

-- The device belongs to the pool, or left it and has messages to give back: what comes after them must not overtake them.
local function may_take(device, pool)
  return redis.call("SISMEMBER", key.poolsof(device), pool) == 1
    or (redis.call("EXISTS", key.pooled(device, pool)) == 1 and redis.call("EXISTS", key.device(device), key.pool(pool)) == 2)
end

-- The device of a recipient is the chosen one, unless another message was quicker, or it has left the pool since; nil when the pool has
-- none. `seen`: the device that the recipient was seen to stick to.
local function taker_of(pool, recipient, chosen, seen)
  local stick = redis.call("GET", key.stick(pool, recipient))
  local taker = stick and stick ~= seen and stick or chosen
  return may_take(taker, pool) and taker or pool_devices(pool)[1]
end

-- The recipient stays with the device, for S.stick_kept_ms after its last message.
local function stick_to(pool, recipient, device)
  redis.call("SET", key.stick(pool, recipient), device, "PX", digits(S.stick_kept_ms))
end

-- Those devices of the pool that the recipient has a living conversation with, the longest first.
local function warm_devices(pool, recipient, now)
  local found = {}
  local lid = string.sub(redis.call("GET", key.recipient(recipient)) or "", 3)
  for _, whom in ipairs({ recipient, lid ~= "" and lid or nil }) do
    for _, device in ipairs(redis.call("ZREVRANGEBYSCORE", key.talks(whom), "+inf", now)) do
      if redis.call("SISMEMBER", key.poolsof(device), pool) == 1
        and is_warm(device, recipient, now, redis.call("HEXISTS", key.lane(device), "held_until") == 0) then
        found[#found + 1] = device
      end
    end
  end
  return found
end

-- How the devices of recipients are chosen where many are chosen at once: the one that a recipient sticks to or talks to, and where there
-- is none what `deal` says. `states`: in which devices give back; `except`: a device that is not chosen.
local function pool_chooser(pool, now, states, deal, except)
  local living, chosen = {}, {}
  local function is_living(device)
    if living[device] == nil then
      local state = redis.call("HGET", key.device(device), "state")
      living[device] = state and redis.call("SISMEMBER", key.poolsof(device), pool) == 1
        and not string.find(states, "," .. state .. ",", 1, true) or false
    end
    return living[device]
  end
  local function choose(recipient)
    local stick = redis.call("GET", key.stick(pool, recipient))
    if stick and stick ~= except then
      if is_living(stick) then return stick end
      -- It has messages to give back, and nothing overtakes those.
      if may_take(stick, pool) and redis.call("EXISTS", key.pooled(stick, pool)) == 1 then return stick end
    end
    for _, device in ipairs(warm_devices(pool, recipient, now)) do
      if device ~= except and is_living(device) then return device end
    end
    return deal(is_living)
  end
  return function(recipient)
    chosen[recipient] = chosen[recipient] or choose(recipient)
    return chosen[recipient]
  end
end

-- Moves a message that waits, and can't have left, to another device of its pool. What waits for a time goes on waiting where that time
-- has nothing to do with the device; everything else is judged anew there.
local function move_to(m, to, now)
  local from = m.device
  local later = m.place == "due" and (m.status == "scheduled" or m.why == "retry")
  local parked = m.place == "parked" and is_batch_still(m.batch, m.left, m.redriven_at)
  take_out(m)
  local shut = redis.call("SREM", key.gate(from, m.recipient), m.id) == 1
  free_probe(from, m.id)
  redis.call("ZREM", key.outbox(from), m.id)
  redis.call("ZREM", key.pooled(from, m.pool), m.id)
  m.device, m.gen = to, generation(to)
  redis.call("ZADD", key.outbox(to), m.seq, m.id)
  redis.call("ZADD", key.pooled(to, m.pool), m.seq, m.id)
  local version = tonumber(m.version or 1) + 1
  redis.call("HSET", key.message(m.id), "device", to, "gen", m.gen, "version", digits(version), "log", entry(m.log, m.status, digits(now)))
  if later then
    if shut then redis.call("SADD", key.gate(to, m.recipient), m.id) end
    to_due(m, m.next_at, m.why)
  elseif parked then redis.call("ZADD", key.parkedrows(m.batch, to), m.seq, m.id)
  else
    redis.call("HDEL", key.message(m.id), "next_at", "why", "looks")
    to_backlog(m)
  end
  let_next_come(from, m.recipient)
  emit({ type = "message." .. m.status, message = m.id, device = to, version = version, at = now })
  wake(to)
end
