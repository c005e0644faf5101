-- What waits under an earlier phone number of a device: releases it to the present one, or cancels it. A message that may have left
-- belongs to its number and stays. One bounded step: first through what is due, then what is held, then the backlog.
-- ARGV: device, generation to move, "release" | "discard", now (ms), at most so many, allowed origins of canceled,
--       cursor ("0" at the beginning, "" when what is due is through)
-- Result: {moved, looked at, next cursor}
local device, from, release, now, limit, cursor = ARGV[1], ARGV[2], ARGV[3] == "release", tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[7]
local gen = generation(device)
local moved = 0
if not gen or gen == from then return { 0, 0, "" } end

-- What waits behind a message that moves comes along.
local function adopt(m)
  redis.call("HSET", key.message(m.id), "gen", gen)
  for _, id in ipairs(redis.call("ZRANGE", key.waiting(device, m.recipient), 0, -1)) do
    if redis.call("HGET", key.message(id), "gen") == from then
      redis.call("HSET", key.message(id), "gen", gen)
      moved = moved + 1
    end
  end
end
-- `stay`: it goes on waiting where it is.
local function move(m, stay)
  if release then
    adopt(m)
    if not stay then
      take_out(m)
      m.gen = gen
      to_backlog(m)
    end
    moved = moved + 1
  elseif may_come_from(m, ARGV[6]) then
    moved = moved + 1
    enter(m, { to = "canceled", at = now, code = "MESSAGE_CANCELED", detail = "its phone number was replaced" })
  end
end

-- Rows that were not drawn yet.
if cursor == "0" then
  for _, batch in ipairs(redis.call("ZRANGE", key.batchesof(device), 0, -1)) do
    local b = redis.call("HMGET", key.batch(batch), "gen", "state")
    if b[1] == from then
      moved = moved + redis.call("HGET", key.counts(batch), "undrawn")
      if release then
        redis.call("HSET", key.batch(batch), "gen", gen)
        if b[2] == "running" then join_rings(batch, true) end
      else break_batch(batch, "canceled", now, "identity_changed")
      end
    end
  end
end

if cursor ~= "" then
  local scan = redis.call("ZSCAN", key.due(), cursor, "COUNT", limit)
  for index = 1, #scan[2], 2 do
    local id = string.match(scan[2][index], "^%d+:(.+)$")
    local f = id and redis.call("HMGET", key.message(id), "device", "gen", "left", "recipient")
    if f and f[1] == device and f[2] == from then
      -- What may have left stays, but what waits behind it need not.
      if f[3] then let_next_come(device, f[4]) else move(load_message(id), true) end
    end
  end
  return { moved, 1, scan[1] == "0" and "" or scan[1] }
end

for _, id in ipairs(redis.call("HKEYS", key.window(device))) do
  local m = place_of(id)
  if m.gen == from then let_next_come(device, m.recipient) end
end
local seen = 0
for _, id in ipairs(redis.call("ZRANGE", key.held(device), 0, limit - 1)) do
  local m = load_message(id)
  if not m then redis.call("ZREM", key.held(device), id)
  elseif m.gen == from then
    seen = seen + 1
    move(m)
  end
end
for _, batch in ipairs(redis.call("ZRANGE", key.batchesof(device), 0, -1)) do
  for _, id in ipairs(redis.call("ZRANGE", key.parkedrows(batch, device), 0, limit - 1)) do
    local m = load_message(id)
    if not m then redis.call("ZREM", key.parkedrows(batch, device), id)
    elseif m.gen == from then
      seen = seen + 1
      move(m)
    end
  end
end
for _, class in ipairs(CLASSES) do
  for _, id in ipairs(redis.call("ZRANGE", key.backlog(device, from, class), 0, limit - 1)) do
    local m = load_message(id)
    seen = seen + 1
    redis.call("ZREM", key.backlog(device, from, class), id)
    if not m then -- gone
    elseif m.left then
      -- Only evidence can settle it; it is looked at again when its time for that is over.
      to_due(m, tonumber(m.left_at) + S.reconcile_limit_ms, "identity_changed")
      let_next_come(device, m.recipient)
    else move(m)
    end
  end
end
if moved > 0 then wake(device) end
return { moved, seen, "" }
