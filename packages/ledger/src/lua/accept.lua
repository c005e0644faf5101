-- Accepts messages, each of them all or nothing: idempotency record, message, event, and its place in the backlog, or in the window when
-- the lane is free. Messages of one turn of the API come together; one that breaks leaves the others alone.
-- ARGV, 18 for each: 1 message id, 2 device, 3 recipient, 4 body (JSON), 5 class, 6 key id, 7 now (ms), 8 client ref or "",
--       9 metadata (JSON) or "", 10 digest of the idempotency key or "", 11 claim token or "", 12 send at (ms; 0 now),
--       13 expires at (ms; 0 never), 14 quiet hours (JSON) or "", 15 fingerprint of the request or "", 16 its answer (JSON) or "",
--       17 somebody waits for the answer until (ms; 0 nobody),
--       18 what it carries ("<media id>|<kind>") or ""
-- Result, for each: {"accepted", feed or 0, message id} (the id of an earlier claim, where that was given up)
--         · {"exists", feed or 0, message id} (a repeat) · {"joined", message id, answer or ""} (accepted by an earlier request under the key)
--         · {"in-progress", ms left} (another request holds the claim) · {"reused"} (another request had the key) · {"no-device"}
--         · {"suppressed"} (nothing may be sent to the recipient)
--         · {"full", ms} (the backlog would take longer than S.queue_time_ms; room again after so long) · {"broken", error}
local FIELDS = 18

-- Whose turn it is under the idempotency key: nothing when it is this request's, with the id that counts; else what to reply.
local function claim(record, id, token, fingerprint, now)
  local f = redis.call("HMGET", record, "fingerprint", "message", "state", "until", "token", "answer")
  if f[1] and f[1] ~= fingerprint then return nil, { "reused" } end
  if f[1] and f[5] ~= token then
    if f[3] == "accepted" then return nil, { "joined", f[2], f[6] or "" } end
    if tonumber(f[4]) > now then return nil, { "in-progress", tonumber(f[4]) - now } end
  end
  return f[2] or id
end

local guarded = is_anybody_suppressed()
-- The devices whose owners have something to look at: once for all that came together.
local woken = {}
-- The message that is being written.
local under_way

local function accept(base)
  local given, device, recipient, body, class, key_id, now, ref, metadata, digest, token, send_at, expires_at, quiet, fingerprint, answer, sync_until, carried =
    unpack(ARGV, base + 1, base + FIELDS)
  local at = now
  now, send_at, expires_at = tonumber(now), tonumber(send_at), tonumber(expires_at)
  local id, record = given, digest ~= "" and key.idempotency(digest)
  if record then
    local mine, other = claim(record, id, token, fingerprint, now)
    if not mine then return other end
    id = mine
    -- Withdrawn before it came: it has been answered as an error.
    if id ~= given and redis.call("EXISTS", key.message(given)) == 1 then return { "exists", 0, given } end
  end
  if redis.call("EXISTS", key.message(id)) == 1 then
    local f = redis.call("HMGET", key.message(id), "feed", "place")
    return { "exists", f[2] == "window" and tonumber(f[1]) or 0, id }
  end
  -- What is refused is not remembered: the key is free for a better request.
  local function refuse(...)
    if record then redis.call("DEL", record) end
    return { ... }
  end
  local gen = redis.call("HGET", key.device(device), "gen")
  if not gen then return refuse("no-device") end
  if guarded and is_stopped(recipient, class, body) then return refuse("suppressed") end
  local lane = redis.call("HMGET", key.lane(device), "open", "pace_at", "gap_ms")
  local gap = tonumber(lane[3] or 0)
  if gap > 0 and class ~= "bulk" and send_at <= now then
    local depth = 0
    for index = 1, 3 do depth = depth + redis.call("ZCARD", key.backlog(device, gen, CLASSES[index])) end
    local over = depth * gap - S.queue_time_ms
    if over >= 0 then return refuse("full", math.ceil(over + gap)) end
  end
  -- The lane is free when its owner said so and nothing has come since: then the message goes straight into the window.
  local fast = lane[1] == gen and send_at <= now and quiet == ""
    and tonumber(lane[2] or 0) <= now
    and redis.call("EXISTS", key.window(device)) == 0
    and redis.call("EXISTS", key.gate(device, recipient), key.waiting(device, recipient), key.aside(device, recipient)) == 0
    and string.sub(redis.call("GET", key.recipient(recipient)) or "", 1, 1) == "1"
    and is_warm(device, recipient, now, true)

  local later = send_at > now
  local status = later and "scheduled" or "queued"
  local place = later and "due" or (fast and "window" or "backlog")
  -- The first write: without room in Redis it is the one that is refused.
  local seq = digits(redis.call("INCR", key.sequence()))
  local m = { id = id, device = device, gen = gen, class = class, seq = seq, recipient = recipient, place = place, record = record }
  under_way = m
  if record then
    redis.call("HSET", record, "fingerprint", fingerprint, "message", id, "token", token, "state", "accepted")
    -- The answer names the id that was given.
    if answer ~= "" and id == given then redis.call("HSET", record, "answer", answer) end
    redis.call("HDEL", record, "until")
    redis.call("PEXPIRE", record, S.idempotency_kept_ms)
  end
  local fields = { "status", status, "version", "1", "device", device, "gen", gen, "recipient", recipient, "body", body,
    "class", class, "seq", seq, "key", key_id, "at", at, "place", place, "log", entry("", status, at) }
  local function also(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if fast then also("feed", "1") end
  if ref ~= "" then also("ref", ref) end
  if metadata ~= "" then also("metadata", metadata) end
  if quiet ~= "" then also("quiet", quiet) end
  if carried ~= "" then also("media", carried) end
  if later then also("send_at", send_at) end
  if expires_at > 0 then also("expires_at", expires_at) end
  if sync_until ~= "0" then also("sync_until", sync_until) end
  redis.call("HSET", key.message(id), unpack(fields))
  redis.call("ZADD", key.outbox(device), seq, id)
  if expires_at > 0 then redis.call("ZADD", key.due(), expires_at, "x:" .. id) end
  if later then to_due(m, send_at, "scheduled")
  elseif fast then
    redis.call("HSET", key.window(device), id, "1|" .. at)
    redis.call("SADD", key.gate(device, recipient), id)
    if gap > 0 then redis.call("HSET", key.lane(device), "pace_at", now + gap) end
  else
    -- A one-time password overtakes what is only picked.
    if class == "otp" then take_window_back(device, true) end
    redis.call("ZADD", key.backlog(device, gen, class), seq, id)
    if lane[1] then redis.call("HDEL", key.lane(device), "open") end
    woken[device] = true
  end
  emit({ type = "message." .. status, message = id, device = device, version = "1", at = at })
  return { "accepted", fast and 1 or 0, id }
end

-- Redis rolls nothing back: of an acceptance that broke half-way nothing stays, and its key is free.
local function undo(m)
  pcall(take_out, m)
  redis.pcall("SREM", key.gate(m.device, m.recipient), m.id)
  redis.pcall("ZREM", key.outbox(m.device), m.id)
  redis.pcall("ZREM", key.due(), "x:" .. m.id)
  redis.pcall("DEL", key.message(m.id), m.record or key.message(m.id))
end

local replies = {}
for base = 0, #ARGV - FIELDS, FIELDS do
  under_way = nil
  local fine, reply = pcall(accept, base)
  if not fine and under_way then undo(under_way) end
  if not fine then reply = { "broken", type(reply) == "table" and reply.err or tostring(reply) } end
  replies[#replies + 1] = reply
end
for device in pairs(woken) do wake(device) end
return replies
