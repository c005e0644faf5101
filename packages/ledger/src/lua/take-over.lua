-- A new owner finds what the last one left: picked messages go back, an attempt that was under way may have left.
-- ARGV: device, epoch, now (ms), due (ms) of the messages that may have left
-- Result: {given back, unknown} · {-1, 0} fenced
local device, epoch, now, due = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if not owns(device, epoch) then return { -1, 0 } end
redis.call("HDEL", key.lane(device), "open")
local unknown = 0
for _, id in ipairs(redis.call("HKEYS", key.window(device))) do
  local f = redis.call("HMGET", key.message(id), "status", "version", "log", "attempts", "tried_at", "left")
  if f[1] == "sending" then
    unknown = unknown + 1
    local version = tonumber(f[2]) + 1
    redis.call("HDEL", key.window(device), id)
    redis.call("HSET", key.message(id), "status", "unknown", "version", version, "place", "due", "next_at", due,
      "code", "OUTCOME_UNKNOWN", "detail", "the worker ended during the attempt", "failed_at", now,
      "log", entry(f[3], "unknown", now, f[4], "OUTCOME_UNKNOWN"))
    if not f[6] then redis.call("HSET", key.message(id), "left", 1, "left_at", f[5] or now) end
    redis.call("HDEL", key.message(id), "try")
    redis.call("HINCRBY", key.message(id), "deaths", 1)
    redis.call("ZADD", key.due(), due, id)
    emit({ type = "message.unknown", message = id, device = device, version = version, at = now, attempt = f[4], code = "OUTCOME_UNKNOWN" })
  elseif not f[1] then
    redis.call("HDEL", key.window(device), id)
  end
end
local rest = redis.call("HLEN", key.window(device))
take_window_back(device)
return { rest, unknown }
