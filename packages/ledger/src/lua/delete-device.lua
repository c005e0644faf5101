-- Deletes a device, in bounded steps. The first one ends what it could still do: no lease, no acceptance, no credentials. The others end
-- its open messages: what has not left is canceled, what may have left fails with an unknown outcome, which evidence may still correct.
-- ARGV: device, now (ms), at most so many, allowed origins of canceled, allowed origins of failed
-- Result: "more" (call again) · "waits" (until it has given back what belongs to its pools: return-pooled) · "done" · "absent"
local device, now, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local gen = redis.call("HGET", key.device(device), "gen")
if gen then
  local version = redis.call("HINCRBY", key.device(device), "version", 1)
  redis.call("HSET", key.removals(), device, gen .. "|0")
  for _, batch in ipairs(redis.call("ZRANGE", key.batchesof(device), 0, -1)) do
    local b = redis.call("HMGET", key.batch(batch), "device", "pool")
    -- A pool's batch goes on with the other devices, if there are any.
    if b[1] == device or (b[2] and #pool_devices(b[2]) == 1) then break_batch(batch, "canceled", now, "device_deleted") end
  end
  leave_pools(device, now)
  redis.call("DEL", key.device(device), key.lease(device), key.credentials(device), key.requests(device))
  redis.call("ZREM", key.devices(), device)
  redis.call("ZREM", key.leases(), device)
  emit({ type = "device.deleted", device = device, version = version, at = now })
  wake(device)
  return "more"
end
local removal = redis.call("HGET", key.removals(), device)
if not removal then return "absent" end
if redis.call("EXISTS", key.leaving(device)) == 1 then return "waits" end
local generations, cursor = string.match(removal, "^(%d+)|(.+)$")

local ended = 0
local function finish(id)
  ended = ended + 1
  local m = load_message(id)
  if not m or m.device ~= device then return end
  if m.left or m.status == "sending" or m.status == "unknown" then
    if may_come_from(m, ARGV[5]) then
      enter(m, { to = "failed", at = now, code = "OUTCOME_UNKNOWN", detail = "its device was deleted", left = true })
    end
  elseif may_come_from(m, ARGV[4]) then
    enter(m, { to = "canceled", at = now, code = "MESSAGE_CANCELED", detail = "its device was deleted" })
  end
end
local function finish_all(index)
  for _, id in ipairs(redis.call("ZRANGE", index, 0, limit - 1)) do
    redis.call("ZREM", index, id)
    finish(id)
  end
end
for _, id in ipairs(redis.call("HKEYS", key.window(device))) do
  finish(id)
  redis.call("HDEL", key.window(device), id)
end
finish_all(key.held(device))
for generation = 1, tonumber(generations) do
  for _, class in ipairs(CLASSES) do
    if ended < limit then finish_all(key.backlog(device, generation, class)) end
  end
end
-- What waited behind a gate has come to the backlog by now: look again.
if ended > 0 then return "more" end
if cursor ~= "done" then
  local scan = redis.call("ZSCAN", key.due(), cursor, "COUNT", limit)
  for index = 1, #scan[2], 2 do
    local id = string.match(scan[2][index], "^%d+:(.+)$")
    if id and redis.call("HGET", key.message(id), "device") == device then
      redis.call("ZREM", key.due(), scan[2][index])
      finish(id)
    end
  end
  redis.call("HSET", key.removals(), device, generations .. "|" .. (scan[1] == "0" and "done" or scan[1]))
  return "more"
end
redis.call("DEL", key.device(device), key.lane(device), key.warm(device), key.trusted(device), key.spoken(device), key.requests(device),
  key.inbox(device), key.groups(device), key.outbox(device), key.batchesof(device), key.history(device))
for _, class in ipairs(CLASSES) do redis.call("DEL", key.ring(device, class)) end
redis.call("HDEL", key.removals(), device)
-- The device's own endpoints hear the end, which is in the log by now, and go then (trim-events).
for _, prefix in ipairs({ "wh_", "wh_wuts" }) do
  local own = key.endpoint((string.gsub(device, "^dev_", prefix)))
  if redis.call("HGET", own, "devices") == cjson.encode({ device }) then redis.call("HSET", own, "ends", end_of_log()) end
end
return "done"
