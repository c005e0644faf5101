-- What a feed needs to know of a lane: its limits, and the waiting messages near the head of each class.
-- Also ends a hold whose time has come: what was set aside for it returns to the backlog.
-- ARGV: device, now (ms), look-ahead per class
-- Result: {window used, pace at, throttled until, held until, throttles, holds, [id, class, seq, gated 0|1, warm 0|1, recipient] …}
local device, now, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local lane = redis.call("HMGET", key.lane(device), "pace_at", "throttled_until", "held_until", "throttles", "holds")
local gen = redis.call("HGET", key.device(device), "gen") or "0"
if tonumber(lane[3] or 0) <= now then
  for _, id in ipairs(redis.call("ZRANGE", key.held(device), 0, 999)) do
    redis.call("ZREM", key.held(device), id)
    to_backlog(place_of(id))
  end
end
local out = { redis.call("HLEN", key.window(device)), lane[1] or "0", lane[2] or "0", lane[3] or "0", lane[4] or "0", lane[5] or "0" }
for _, class in ipairs({ "otp", "high", "normal", "bulk" }) do
  local head = redis.call("ZRANGE", key.backlog(device, gen, class), 0, ahead - 1)
  for _, id in ipairs(head) do
    local f = redis.call("HMGET", key.message(id), "recipient", "seq")
    local recipient = f[1]
    local gate = key.gate(device, recipient)
    local others = redis.call("SCARD", gate)
    local holds = others > 0 and redis.call("SISMEMBER", gate, id) == 1
    if holds then others = others - 1
    elseif others == 0 then
      local first = redis.call("ZRANGE", key.waiting(device, recipient), 0, 0, "WITHSCORES")
      if first[2] and tonumber(first[2]) < tonumber(waiting_score(class, f[2])) then others = 1 end
    end
    local warm = tonumber(redis.call("ZSCORE", key.warm(device), recipient) or 0) > now
    out[#out + 1] = id
    out[#out + 1] = class
    out[#out + 1] = f[2]
    out[#out + 1] = others > 0 and 1 or 0
    out[#out + 1] = warm and 1 or 0
    out[#out + 1] = recipient
  end
end
return out
