-- Accepts a message, all or nothing: idempotency record, message, event, and its place in the backlog, or in the window when the lane is free.
-- ARGV: message id, device, recipient, body (JSON), class, key id, now (ms), client ref or "", metadata (JSON) or "",
--       digest of the idempotency key or "", claim token or ""
-- Result: {"accepted", feed or 0} · {"exists", feed or 0} (a repeat) · {"claim-lost", message id} · {"no-device"}
local id, device, recipient, body, class, key_id, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local ref, metadata, digest, token = ARGV[8], ARGV[9], ARGV[10], ARGV[11]

if redis.call("EXISTS", key.message(id)) == 1 then
  local f = redis.call("HMGET", key.message(id), "feed", "place")
  return { "exists", f[2] == "window" and tonumber(f[1]) or 0 }
end
local gen = redis.call("HGET", key.device(device), "gen")
if not gen then return { "no-device" } end
if digest ~= "" then
  local record = key.idempotency(digest)
  local f = redis.call("HMGET", record, "token", "message")
  if f[1] ~= token then return { "claim-lost", f[2] or "" } end
  redis.call("HSET", record, "state", "accepted")
  redis.call("HDEL", record, "until", "token")
  redis.call("PEXPIRE", record, S.idempotency_kept_ms)
end

-- The lane is free when its owner said so and nothing has come since: then the message goes straight into the window.
local lane = redis.call("HMGET", key.lane(device), "open", "pace_at")
local fast = lane[1] == gen
  and tonumber(lane[2] or 0) <= now
  and redis.call("EXISTS", key.window(device)) == 0
  and redis.call("EXISTS", key.gate(device, recipient)) == 0
  and redis.call("EXISTS", key.waiting(device, recipient)) == 0
  and string.sub(redis.call("GET", key.recipient(recipient)) or "", 1, 1) == "1"
  and tonumber(redis.call("ZSCORE", key.warm(device), recipient) or 0) > now

local seq = redis.call("INCR", key.sequence())
local fields = { "status", "queued", "version", 1, "device", device, "gen", gen, "recipient", recipient, "body", body,
  "class", class, "seq", seq, "key", key_id, "at", now, "place", fast and "window" or "backlog",
  "log", entry("", "queued", now) }
if fast then fields[#fields + 1] = "feed"; fields[#fields + 1] = 1 end
if ref ~= "" then fields[#fields + 1] = "ref"; fields[#fields + 1] = ref end
if metadata ~= "" then fields[#fields + 1] = "metadata"; fields[#fields + 1] = metadata end
redis.call("HSET", key.message(id), unpack(fields))
emit({ type = "message.queued", message = id, device = device, version = 1, at = now })

if fast then
  redis.call("HSET", key.window(device), id, "1|" .. now)
  redis.call("SADD", key.gate(device, recipient), id)
  if S.pace_gap_ms > 0 then redis.call("HSET", key.lane(device), "pace_at", now + S.pace_gap_ms) end
  return { "accepted", 1 }
end
redis.call("ZADD", key.backlog(device, gen, class), seq, id)
redis.call("HDEL", key.lane(device), "open")
wake(device)
return { "accepted", 0 }
