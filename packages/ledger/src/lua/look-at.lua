-- Which of these devices have anything to look at: a request, a window, or a backlog.
-- ARGV: devices
-- Result: those that have
local out = {}
for _, device in ipairs(ARGV) do
  local busy = redis.call("EXISTS", key.window(device), key.requests(device), key.held(device)) > 0
  if not busy then busy = redis.call("HEXISTS", key.lane(device), "ring") == 1 end
  if not busy then
    local gen = redis.call("HGET", key.device(device), "gen") or "0"
    busy = redis.call("EXISTS", key.backlog(device, gen, "otp"), key.backlog(device, gen, "high"),
      key.backlog(device, gen, "normal"), key.backlog(device, gen, "bulk")) > 0
  end
  if busy then out[#out + 1] = device end
end
return out
