-- What waits on devices and what state they are in; those that there are not are left out.
-- ARGV: devices
-- Result, as JSON: one string is read much faster than forty-five a device. An absent field is false, an empty list {}. For each: {device, [generation, state, state at, pace (JSON), paired at, name, phone, cause, code, created, seen], lease or "", end of the lease (ms) when there is none,
--                    [pace at, throttled until, held until, paused, day, day sent, day cold, drain ms, fed at, minute, fed in it, fed before it, paused by], held, window,
--                    [waiting otp, high, normal, bulk], [accepted at, for the oldest of each; "" nothing waits],
--                    [batch, class, accepted at, rows that were not drawn, "1" it is a pool's] … that run,
--                    when the latest of the window was picked (ms; 0: it is empty)}

-- Of the batches that may go from this device, those that have rows left.
local function running(device, gen)
  local found = {}
  for _, batch in ipairs(redis.call("ZRANGE", key.batchesof(device), 0, -1)) do
    local b = redis.call("HMGET", key.batch(batch), "state", "gen", "class", "at", "pool")
    local undrawn = b[1] == "running" and (b[5] or b[2] == gen) and redis.call("HGET", key.counts(batch), "undrawn")
    if undrawn and undrawn ~= "0" then found[#found + 1] = { batch, b[3], b[4], undrawn, b[5] and "1" or "" } end
  end
  return found
end

local out = {}
for _, device in ipairs(ARGV) do
  local d = redis.call("HMGET", key.device(device), "gen", "state", "state_at", "pace", "paired_at", "name", "phone",
    "cause", "code", "at", "seen_at")
  if d[1] then
    local lease = redis.call("GET", key.lease(device))
    local depths, oldest, held, window, batches, picked = { 0, 0, 0, 0 }, { "", "", "", "" }, 0, 0, {}, 0
    -- Most devices have nothing to do: one command says so.
    local backlogs = {}
    for index, class in ipairs(CLASSES) do backlogs[index] = key.backlog(device, d[1], class) end
    if redis.call("EXISTS", key.held(device), key.window(device), key.batchesof(device), unpack(backlogs)) > 0 then
      for index, backlog in ipairs(backlogs) do
        local first = redis.call("ZRANGE", backlog, 0, 0)[1]
        depths[index] = first and redis.call("ZCARD", backlog) or 0
        oldest[index] = first and redis.call("HGET", key.message(first), "at") or ""
      end
      held, batches = redis.call("ZCARD", key.held(device)), running(device, d[1])
      -- What went straight into the window was never fed: the lane does not know of it.
      for _, mark in ipairs(redis.call("HVALS", key.window(device))) do
        window = window + 1
        picked = math.max(picked, tonumber(string.match(mark, "|(%d+)") or 0))
      end
    end
    out[#out + 1] = { device, d, lease or "", lease and "" or redis.call("ZSCORE", key.leases(), device) or "",
      redis.call("HMGET", key.lane(device), "pace_at", "throttled_until", "held_until", "paused", "day", "day_sent", "day_cold",
        "drain_ms", "fed_at", "minute", "minute_fed", "minute_before", "paused_by"), held, window, depths, oldest, batches, picked }
  end
end
return cjson.encode(out)
