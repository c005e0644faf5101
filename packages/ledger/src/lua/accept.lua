-- Accepts messages, each of them all or nothing: idempotency record, message, event, and its place in the backlog, or in the window when
-- the lane is free. Messages of one turn of the API come together; one that breaks leaves the others alone.
-- The API keys of their requests are looked up and their requests counted as `admit` does, where the API did not do so before.
-- ARGV: window (ms) of the rate of keys, requests of a key in it (0: not counted), how many keys, their digests; then for each message:
--       the place of its key among those, 0 when it was admitted before,
--       message id, device, recipient, body (JSON), class, key id, now (ms), how many further parts, then their names and values:
--       request · ref · metadata (JSON) · quiet (hours, JSON) · media (what it carries: "<media id>|<kind>") · send_at (ms) · expires_at (ms)
--       · sync_until (ms: somebody waits for the answer) · pool (that chose the device), with stick (the device that its recipient was seen
--       to stick to) and living (the chosen device may come back by itself) · and for an idempotency key digest, token (of the claim), fingerprint (of the request),
--       answer (JSON)
-- Result: {ms to the end of the window, then for each key: requests of this window before these, -1 when it does not hold}, then for each
-- message: {"unadmitted"} (its key does not hold) · {"over-rate", ms} · {"accepted", feed or 0, message id} (the id of an earlier claim, where that was given up)
--         · {"exists", feed or 0, message id} (a repeat) · {"joined", message id, answer or ""} (accepted by an earlier request under the key)
--         · {"in-progress", ms left} (another request holds the claim) · {"reused"} (another request had the key) · {"no-device"}
--         · {"suppressed"} (nothing may be sent to the recipient)
--         · {"full", ms} (the backlog would take longer than S.queue_time_ms; room again after so long) · {"broken", error}
local FIELDS = 9
local KEPT = { "request", "ref", "metadata", "quiet", "media", "send_at", "expires_at", "sync_until", "pool" }

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
-- What a message has that brings nothing further.
local NONE = {}
-- The devices whose owners have something to look at: once for all that came together.
local woken = {}
-- The message that is being written.
local under_way
-- How many are still to come, and their places in the order of acceptance.
local left, seq_given = 0, 0
-- How many were accepted, by bucket of the overview.
local accepted = {}

-- The next place. The first one is the first write of all: without room in Redis it is the one that is refused.
local function next_seq()
  if seq_given == 0 then seq_given = redis.call("INCRBY", key.sequence(), digits(left)) - left end
  seq_given = seq_given + 1
  return digits(seq_given)
end

local function accept(base, parts)
  local given, device, recipient, body, class, key_id, at = unpack(ARGV, base + 2, base + FIELDS - 1)
  local now, send_at, expires_at = tonumber(at), tonumber(parts.send_at or 0), tonumber(parts.expires_at or 0)
  local id, record = given, parts.digest and key.idempotency(parts.digest)
  if record then
    local mine, other = claim(record, id, parts.token, parts.fingerprint, now)
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
  local pool, living = parts.pool, parts.living
  if pool then
    local taker = taker_of(pool, recipient, device, parts.stick)
    if taker ~= device then device, living = taker, nil end
  end
  local gen = device and redis.call("HGET", key.device(device), "gen")
  if not gen then return refuse("no-device") end
  if guarded and is_stopped(recipient, class, body) then return refuse("suppressed") end
  local lane = redis.call("HMGET", key.lane(device), "open", "pace_at", "gap_ms", "minute", "minute_fed")
  local gap = tonumber(lane[3] or 0)
  if gap > 0 and class ~= "bulk" and send_at <= now then
    local depth = 0
    for index = 1, 3 do depth = depth + redis.call("ZCARD", key.backlog(device, gen, CLASSES[index])) end
    local over = depth * gap - S.queue_time_ms
    if over >= 0 then return refuse("full", math.ceil(over + gap)) end
  end
  -- The lane is free when its owner said so and nothing has come since: then the message goes straight into the window.
  local fast = lane[1] == gen and not pool and send_at <= now and not parts.quiet
    and tonumber(lane[2] or 0) <= now
    and redis.call("EXISTS", key.window(device)) == 0
    and redis.call("EXISTS", key.gate(device, recipient), key.waiting(device, recipient), key.aside(device, recipient)) == 0
    and string.sub(redis.call("GET", key.recipient(recipient)) or "", 1, 1) == "1"
    and is_warm(device, recipient, now, true)

  local later = send_at > now
  local status = later and "scheduled" or "queued"
  local place = later and "due" or (fast and "window" or "backlog")
  local seq = next_seq()
  local m = { id = id, device = device, gen = gen, class = class, seq = seq, recipient = recipient, place = place, record = record, pool = pool }
  under_way = m
  if record then
    redis.call("HSET", record, "fingerprint", parts.fingerprint, "message", id, "token", parts.token, "state", "accepted")
    -- The answer names the id that was given.
    if parts.answer and id == given then redis.call("HSET", record, "answer", parts.answer) end
    redis.call("HDEL", record, "until")
    redis.call("PEXPIRE", record, S.idempotency_kept_ms)
  end
  -- Its version is 1 and needs no field.
  local fields = { "status", status, "device", device, "gen", gen, "recipient", recipient, "body", body,
    "class", class, "seq", seq, "key", key_id, "at", at, "place", place, "log", entry("", status, at) }
  local function also(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if fast then also("feed", "1") end
  if parts ~= NONE then
    for _, name in ipairs(KEPT) do
      if parts[name] and (name ~= "send_at" or later) then also(name, parts[name]) end
    end
  end
  redis.call("HSET", key.message(id), unpack(fields))
  redis.call("ZADD", key.outbox(device), seq, id)
  if pool then
    stick_to(pool, recipient, device)
    redis.call("ZADD", key.pooled(device, pool), seq, id)
    if not living or redis.call("SISMEMBER", key.poolsof(device), pool) == 0 then look_for_returns(device, pool, at) end
  end
  if expires_at > 0 then redis.call("ZADD", key.due(), expires_at, "x:" .. id) end
  if later then to_due(m, send_at, "scheduled")
  elseif fast then
    redis.call("HSET", key.window(device), id, "1|" .. at)
    redis.call("SADD", key.gate(device, recipient), id)
    redis.call("HSET", key.lane(device), "pace_at", digits(gap > 0 and now + gap or tonumber(lane[2] or 0)), count_minute(now, lane[4], lane[5]))
  else
    -- A one-time password overtakes what is only picked.
    if class == "otp" then take_window_back(device, true) end
    redis.call("ZADD", key.backlog(device, gen, class), seq, id)
    if lane[1] then redis.call("HDEL", key.lane(device), "open") end
    -- Behind others nothing changes for the owner: it was woken for the first of them, and looks again before it rests.
    if class == "otp" or not woken[device] and redis.call("ZCARD", key.backlog(device, gen, class)) == 1 then woken[device] = true end
  end
  emit({ type = "message." .. status, message = id, device = device, version = "1", at = at })
  local bucket = now - now % S.overview_bucket_ms
  accepted[bucket] = (accepted[bucket] or 0) + 1
  return { "accepted", fast and 1 or 0, id }
end

-- Redis rolls nothing back: of an acceptance that broke half-way nothing stays, and its key is free.
local function undo(m)
  pcall(take_out, m)
  redis.pcall("SREM", key.gate(m.device, m.recipient), m.id)
  redis.pcall("ZREM", key.outbox(m.device), m.id)
  redis.pcall("ZREM", key.due(), "x:" .. m.id)
  if m.pool then redis.pcall("ZREM", key.pooled(m.device, m.pool), m.id) end
  redis.pcall("DEL", key.message(m.id), m.record or key.message(m.id))
end

local window, limit, callers = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local messages, asked, base = {}, {}, 3 + callers
while base < #ARGV do
  local caller, count = tonumber(ARGV[base + 1]), tonumber(ARGV[base + FIELDS])
  messages[#messages + 1] = { base, count, caller }
  asked[caller] = (asked[caller] or 0) + 1
  base = base + FIELDS + 2 * count
end
left = #messages

-- The turn of each request under its key: the next one, and -1 under a key that does not hold.
local turns = {}
local admitted = { 0 }
if callers > 0 then
  local time = clock()
  local number = math.floor(time / window)
  admitted[1] = (number + 1) * window - time
  for index = 1, callers do
    local digest = ARGV[3 + index]
    local record, revoked = look_up_key(digest, time)
    turns[index] = record and not revoked and count_calls(digest, limit > 0 and asked[index] or 0, window, number) or -1
    admitted[1 + index] = turns[index]
  end
end

-- Why a message is not looked at.
local function refusal(caller)
  if caller == 0 then return nil end
  if turns[caller] == -1 then return { "unadmitted" } end
  turns[caller] = turns[caller] + 1
  return limit > 0 and turns[caller] > limit and { "over-rate", admitted[1] } or nil
end

local replies = { admitted }
for index, message in ipairs(messages) do
  under_way = nil
  local parts = NONE
  if message[2] > 0 then
    parts = {}
    local from = message[1] + FIELDS
    for at = from + 1, from + 2 * message[2], 2 do parts[ARGV[at]] = ARGV[at + 1] end
  end
  local reply = refusal(message[3])
  if not reply then
    local fine
    fine, reply = pcall(accept, message[1], parts)
    if not fine and under_way then undo(under_way) end
    if not fine then reply = { "broken", type(reply) == "table" and reply.err or tostring(reply) } end
  end
  replies[1 + index] = reply
end
for device in pairs(woken) do wake(device) end
for at, count in pairs(accepted) do tally(at, "accepted", count) end
return replies
