-- Writes an outcome: status, timeline, place, gate, event. The rules come in: `to` and the statuses it may be entered from.
-- ARGV: 1 message id, 2 "command" | "evidence", 3 device, 4 epoch ("" for evidence), 5 attempt token ("" any), 6 to,
--       7 allowed origins (",sending,failed:CODE,"), 8 now (ms), 9 code or "", 10 detail or "", 11 place ("" settled, "due", "backlog"),
--       12 next at (ms, for due), 13 "1" when an attempt may have left, 14 what to add to the count of attempts (-1: this one is not used up; 1: it had not begun), 15 taken (JSON) or "",
--       16 keep (ms; 0 = as long as it waits), 17 throttle the lane until (0 no), 18 hold cold sends until (0 no)
-- Result: {"settled", version} · {"refused", status} · {"recorded", status} (late evidence: timeline only) · {"absent"} · {"fenced"}
local id, by, device, epoch, token, to, origins, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
local code, place, next_at = ARGV[9], ARGV[11], tonumber(ARGV[12])
local f = redis.call("HMGET", key.message(id), "status", "version", "device", "gen", "class", "seq", "recipient", "place", "log",
  "attempts", "try", "left", "tried_at", "code")
local status = f[1]
if not status or f[3] ~= device then return { "absent" } end
if by == "command" then
  if not owns(device, epoch) then return { "fenced" } end
  if token ~= "" and f[11] ~= token then return { "refused", status } end
end
local allowed = string.find(origins, "," .. status .. ",", 1, true)
  or (f[14] and string.find(origins, "," .. status .. ":" .. f[14] .. ",", 1, true))
if not allowed then
  if by == "evidence" and not string.find(f[9], '["' .. to .. '"', 1, true) then
    redis.call("HSET", key.message(id), "log", entry(f[9], to, now, "null", "late"))
    return { "recorded", status }
  end
  return { "refused", status }
end

local m = { id = id, device = device, gen = f[4], class = f[5], seq = f[6], recipient = f[7], place = f[8] }
take_out(m)
local attempts, version = tonumber(f[10] or 0), tonumber(f[2]) + 1
attempts = math.max(0, attempts + tonumber(ARGV[14]))
local shown = attempts > 0 and attempts or "null"
redis.call("HSET", key.message(id), "status", to, "version", version, "place", place, "attempts", attempts,
  "log", entry(f[9], to, now, shown, code))
if code ~= "" then redis.call("HSET", key.message(id), "code", code, "detail", ARGV[10], "failed_at", now) end
if ARGV[13] == "1" and not f[12] then redis.call("HSET", key.message(id), "left", 1, "left_at", f[13] or now) end
if ARGV[15] ~= "" then redis.call("HSET", key.message(id), "taken", ARGV[15]) end
redis.call("HDEL", key.message(id), "try")

if place == "due" then
  redis.call("HSET", key.message(id), "next_at", next_at)
  redis.call("ZADD", key.due(), next_at, id)
else
  redis.call("HDEL", key.message(id), "next_at")
  if place == "backlog" then to_backlog(m) end
  open_gate(m)
end
if tonumber(ARGV[16]) > 0 then redis.call("PEXPIRE", key.message(id), ARGV[16]) else redis.call("PERSIST", key.message(id)) end

if ARGV[17] ~= "0" then
  redis.call("HSET", key.lane(device), "throttled_until", ARGV[17])
  redis.call("HINCRBY", key.lane(device), "throttles", 1)
end
if ARGV[18] ~= "0" then
  redis.call("HSET", key.lane(device), "held_until", ARGV[18])
  redis.call("HINCRBY", key.lane(device), "holds", 1)
  redis.call("ZREM", key.warm(device), m.recipient)
end
if ARGV[17] ~= "0" or ARGV[18] ~= "0" then
  redis.call("HDEL", key.lane(device), "open")
  take_window_back(device)
end
emit({ type = "message." .. to, message = id, device = device, version = version, at = now,
  attempt = attempts > 0 and attempts or nil, code = code })
return { "settled", version }
