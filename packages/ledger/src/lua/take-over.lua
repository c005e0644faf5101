-- A new owner finds what the last one left: picked messages go back, an attempt that was under way may have left.
-- An attempt under a dead epoch counts as a death of its worker; S.deaths_poisoned of them, the last one alone, end the message.
-- ARGV: device, epoch, now (ms), due (ms) of the messages that may have left
-- Result: {given back, unknown, poisoned} · {-1, 0, 0} fenced
local device, epoch, now, due = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if not owns(device, epoch) then return { -1, 0, 0 } end
redis.call("HDEL", key.lane(device), "open", "probe_id", "probe_at")
local unknown, poisoned = 0, 0
for _, id in ipairs(redis.call("HKEYS", key.window(device))) do
  local m = load_message(id)
  if not m then redis.call("HDEL", key.window(device), id)
  elseif m.status == "sending" then
    local deaths = tonumber(m.deaths or 0)
    if m.epoch ~= epoch then deaths = redis.call("HINCRBY", key.message(id), "deaths", 1) end
    if deaths >= S.deaths_poisoned and m.alone == "1" then
      poisoned = poisoned + 1
      enter(m, { to = "failed", at = now, code = "POISONED", detail = "its worker ended " .. deaths .. " times", left = true })
    else
      unknown = unknown + 1
      enter(m, { to = "unknown", at = now, code = "OUTCOME_UNKNOWN", detail = "the worker ended during the attempt", left = true,
        due = due, why = "reconcile" })
    end
  end
end
local rest = redis.call("HLEN", key.window(device))
take_window_back(device)
return { rest, unknown, poisoned }
