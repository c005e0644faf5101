-- How the devices of a pool stand: what a choice among them needs to know.
-- ARGV: pool, a device that is not asked for or ""
-- Result: {strategy or "" (there is no such pool),
--          [device, state, owned 0|1, pace (JSON) or "", paired at, held until ("" no hold), throttled until, paused 0|1,
--           day, sent that day, cold that day, waiting] …}
local pool = ARGV[1]
local out = { redis.call("HGET", key.pool(pool), "strategy") or "" }
local function also(...)
  for _, value in ipairs({ ... }) do out[#out + 1] = value end
end
for _, device in ipairs(pool_devices(pool)) do
  local d = redis.call("HMGET", key.device(device), "state", "gen", "pace", "paired_at")
  if d[2] and device ~= ARGV[2] then
    local l = redis.call("HMGET", key.lane(device), "held_until", "throttled_until", "paused", "day", "day_sent", "day_cold")
    local waiting = redis.call("ZCARD", key.held(device))
    for _, class in ipairs(CLASSES) do waiting = waiting + redis.call("ZCARD", key.backlog(device, d[2], class)) end
    also(device, d[1], redis.call("EXISTS", key.lease(device)), d[3] or "", d[4] or "0", l[1] or "", l[2] or "0", l[3] and 1 or 0,
      l[4] or "0", l[5] or "0", l[6] or "0", waiting)
  end
end
return out
