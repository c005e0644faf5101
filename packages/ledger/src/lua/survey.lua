-- What waits on devices and what state they are in; those that there are not are left out.
-- ARGV: devices
-- Result, for each: {device, [generation, state, state at, pace (JSON), paired at, name, phone], lease or "", end of the lease (ms) when there is none,
--                    [pace at, throttled until, held until, paused, day, day sent, day cold, drain ms, fed at], held, window,
--                    [waiting otp, high, normal, bulk], [accepted at, for the oldest of each; "" nothing waits]}

-- Rows that were not drawn from their batches yet wait for the device too; those of a pool for none in particular.
local function add_rings(device, gen, depths, oldest)
  for index, class in ipairs(CLASSES) do
    for _, batch in ipairs(redis.call("ZRANGE", key.ring(device, class), 0, 99)) do
      local b = redis.call("HMGET", key.batch(batch), "state", "gen", "at")
      local undrawn = b[1] == "running" and b[2] == gen and tonumber(redis.call("HGET", key.counts(batch), "undrawn")) or 0
      depths[index] = depths[index] + undrawn
      if undrawn > 0 and oldest[index] == "" then oldest[index] = b[3] end
    end
  end
end

local out = {}
for _, device in ipairs(ARGV) do
  local d = redis.call("HMGET", key.device(device), "gen", "state", "state_at", "pace", "paired_at", "name", "phone")
  if d[1] then
    local lease = redis.call("GET", key.lease(device))
    local depths, oldest = {}, {}
    for index, class in ipairs(CLASSES) do
      local backlog = key.backlog(device, d[1], class)
      local first = redis.call("ZRANGE", backlog, 0, 0)[1]
      depths[index] = first and redis.call("ZCARD", backlog) or 0
      oldest[index] = first and redis.call("HGET", key.message(first), "at") or ""
    end
    if redis.call("HEXISTS", key.lane(device), "ring") == 1 then add_rings(device, d[1], depths, oldest) end
    out[#out + 1] = { device, d, lease or "", lease and "" or redis.call("ZSCORE", key.leases(), device) or "",
      redis.call("HMGET", key.lane(device), "pace_at", "throttled_until", "held_until", "paused", "day", "day_sent", "day_cold",
        "drain_ms", "fed_at"),
      redis.call("ZCARD", key.held(device)), redis.call("HLEN", key.window(device)), depths, oldest }
  end
end
return out
