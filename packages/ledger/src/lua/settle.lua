-- Writes an outcome: status, timeline, place, gate, event. The rules come in: `to` and the statuses it may be entered from.
-- ARGV: 1 message id, 2 "command" | "evidence", 3 device, 4 epoch ("" for evidence), 5 attempt token ("" any), 6 to,
--       7 allowed origins (",sending,failed:CODE,"), 8 now (ms), 9 code or "", 10 detail or "", 11 place ("" settled, "due", "backlog"),
--       12 next at (ms, for due), 13 "1" when an attempt may have left, 14 what to add to the count of attempts (-1: this one is not
--       used up; 1: it had not begun), 15 taken (JSON) or "", 16 throttle the lane until (0 no), 17 hold cold sends until (0 no),
--       18 feed number of the job in hand, when its attempt had not begun (no token)
-- Result: {"settled", version, how long it took (ms; acks and deliveries only)} · {"refused", status} · {"recorded", status} (late evidence: timeline only) · {"absent"} · {"fenced"}
local id, by, device, epoch, token, to, origins, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]

-- A receipt for what is settled already: nothing waits for it, no gate stands, its time to be kept runs. (An ack comes first: it is not looked for.)
if by == "evidence" and to ~= "sent" then
  local f = redis.call("HMGET", key.message(id), "status", "place", "device", "version", "attempts", "log", "batch")
  local settled = f[1] and f[1] ~= "failed" and f[2] == "" and f[3] == device
  if settled and may_come_from({ status = f[1] }, origins) then
    local version, attempts = tonumber(f[4]) + 1, f[5] and f[5] ~= "0" and f[5] or nil
    redis.call("HSET", key.message(id), "status", to, "version", digits(version), "log", entry(f[6], to, now, attempts))
    emit({ type = "message." .. to, message = id, device = device, version = version, at = now, attempt = attempts })
    local took = took_of(to, now, f[6])
    tally(now, mark_of(to, nil, took))
    if f[7] then count_status({ batch = f[7], status = f[1] }, to, now) end
    return { "settled", version, digits(took) }
  end
end

local m = load_message(id)
if not m or m.device ~= device then return { "absent" } end
if by == "command" then
  if not owns(device, epoch) then return { "fenced" } end
  if token ~= "" and m["try"] ~= token then return { "refused", m.status } end
  if token == "" and ARGV[18] ~= "" then
    local window = redis.call("HGET", key.window(device), id)
    if not window or string.match(window, "^(%d+)|") ~= ARGV[18] then return { "refused", m.status } end
  end
end
if not may_come_from(m, origins) then
  if by == "evidence" and not string.find(m.log, '["' .. to .. '"', 1, true) then
    redis.call("HSET", key.message(id), "log", entry(m.log, to, now, nil, "late"))
    return { "recorded", m.status }
  end
  return { "refused", m.status }
end

local version, took = enter(m, {
  to = to, at = now, code = ARGV[9], detail = ARGV[10],
  due = ARGV[11] == "due" and ARGV[12] or nil, why = to == "unknown" and "reconcile" or "retry", backlog = ARGV[11] == "backlog",
  left = ARGV[13] == "1", attempts = math.max(0, tonumber(m.attempts or 0) + tonumber(ARGV[14])),
})
if ARGV[15] ~= "" then redis.call("HSET", key.message(id), "taken", ARGV[15]) end

local lane = key.lane(device)
local throttle, hold = ARGV[16] ~= "0", ARGV[17] ~= "0"
if redis.call("HGET", lane, "probe_id") == id then
  redis.call("HDEL", lane, "probe_id", "probe_at")
  -- The probe went through: the account may start chats again.
  if by == "evidence" then
    redis.call("HDEL", lane, "held_until", "holds")
    wake(device)
  end
end
if throttle then
  redis.call("HSET", lane, "throttled_until", ARGV[16])
  redis.call("HINCRBY", lane, "throttles", 1)
end
if hold then
  redis.call("HSET", lane, "held_until", ARGV[17])
  redis.call("HINCRBY", lane, "holds", 1)
  chill(device, m.recipient)
end
if throttle or hold then
  redis.call("HDEL", lane, "open")
  take_window_back(device)
end
return { "settled", version, digits(took) }
