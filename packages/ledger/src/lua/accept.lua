-- Accepts a message, all or nothing: idempotency record, message, event, and its place in the backlog, or in the window when the lane is free.
-- ARGV: 1 message id, 2 device, 3 recipient, 4 body (JSON), 5 class, 6 key id, 7 now (ms), 8 client ref or "", 9 metadata (JSON) or "",
--       10 digest of the idempotency key or "", 11 claim token or "", 12 send at (ms; 0 now), 13 expires at (ms; 0 never), 14 quiet hours (JSON) or "",
--       15 what it carries ("<media id>|<kind>") or ""
-- Result: {"accepted", feed or 0} · {"exists", feed or 0} (a repeat) · {"claim-lost", message id} · {"no-device"}
--         · {"full", ms} (the backlog would take longer than S.queue_time_ms; room again after so long)
local id, device, recipient, body, class, key_id, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local ref, metadata, digest, token, quiet = ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[14]
local send_at, expires_at = tonumber(ARGV[12]), tonumber(ARGV[13])

if redis.call("EXISTS", key.message(id)) == 1 then
  local f = redis.call("HMGET", key.message(id), "feed", "place")
  return { "exists", f[2] == "window" and tonumber(f[1]) or 0 }
end
local record = digest ~= "" and key.idempotency(digest)
if record then
  local f = redis.call("HMGET", record, "token", "message")
  if f[1] ~= token then return { "claim-lost", f[2] or "" } end
end
-- What is refused is not remembered: the key is free for a better request.
local function refuse(...)
  if record then redis.call("DEL", record) end
  return { ... }
end
local gen = redis.call("HGET", key.device(device), "gen")
if not gen then return refuse("no-device") end
local lane = redis.call("HMGET", key.lane(device), "open", "pace_at", "gap_ms")
local gap = tonumber(lane[3] or 0)
if gap > 0 and class ~= "bulk" and send_at <= now then
  local depth = 0
  for index = 1, 3 do depth = depth + redis.call("ZCARD", key.backlog(device, gen, CLASSES[index])) end
  local over = depth * gap - S.queue_time_ms
  if over >= 0 then return refuse("full", math.ceil(over + gap)) end
end
if record then
  redis.call("HSET", record, "state", "accepted")
  redis.call("HDEL", record, "until")
  redis.call("PEXPIRE", record, S.idempotency_kept_ms)
end

-- The lane is free when its owner said so and nothing has come since: then the message goes straight into the window.
local fast = lane[1] == gen and send_at <= now and quiet == ""
  and tonumber(lane[2] or 0) <= now
  and redis.call("EXISTS", key.window(device)) == 0
  and redis.call("EXISTS", key.gate(device, recipient)) == 0
  and redis.call("EXISTS", key.waiting(device, recipient)) == 0
  and string.sub(redis.call("GET", key.recipient(recipient)) or "", 1, 1) == "1"
  and is_warm(device, recipient, now, true)

local later = send_at > now
local status = later and "scheduled" or "queued"
local place = later and "due" or (fast and "window" or "backlog")
local seq = redis.call("INCR", key.sequence())
local fields = { "status", status, "version", 1, "device", device, "gen", gen, "recipient", recipient, "body", body,
  "class", class, "seq", seq, "key", key_id, "at", now, "place", place, "log", entry("", status, now) }
local function also(name, value)
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end
if fast then also("feed", 1) end
if ref ~= "" then also("ref", ref) end
if metadata ~= "" then also("metadata", metadata) end
if quiet ~= "" then also("quiet", quiet) end
if (ARGV[15] or "") ~= "" then also("media", ARGV[15]) end
if later then also("send_at", send_at) end
if expires_at > 0 then also("expires_at", expires_at) end
redis.call("HSET", key.message(id), unpack(fields))
if expires_at > 0 then redis.call("ZADD", key.due(), expires_at, "x:" .. id) end
emit({ type = "message." .. status, message = id, device = device, version = 1, at = now })

local m = { id = id, device = device, gen = gen, class = class, seq = seq, recipient = recipient, place = place }
if later then
  to_due(m, send_at, "scheduled")
  return { "accepted", 0 }
end
if fast then
  redis.call("HSET", key.window(device), id, "1|" .. now)
  redis.call("SADD", key.gate(device, recipient), id)
  if gap > 0 then redis.call("HSET", key.lane(device), "pace_at", now + gap) end
  return { "accepted", 1 }
end
-- A one-time password overtakes what is only picked.
if class == "otp" then take_window_back(device) end
redis.call("ZADD", key.backlog(device, gen, class), seq, id)
redis.call("HDEL", key.lane(device), "open")
wake(device)
return { "accepted", 0 }
