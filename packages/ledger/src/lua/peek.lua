-- What a feed needs to know of a lane: its limits, and the waiting messages near the head of each class.
-- What was set aside for a hold returns: all of it when the hold is lifted, one message when its time has come and nobody probes.
-- ARGV: device, now (ms), look-ahead per class
-- Result: {window used, pace at, throttled until, throttles, held until ("" no hold), holds, probing 0|1, paused 0|1,
--          day, sent that day, cold that day, passed over, pace (JSON) or "", paired at,
--          [id, class, seq, gated 0|1, warm 0|1, recipient, quiet hours (JSON) or "", last spoken to (ms)] …}
local device, now, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local l = redis.call("HMGET", key.lane(device), "pace_at", "throttled_until", "throttles", "held_until", "holds", "probe_at", "paused",
  "day", "day_sent", "day_cold", "passed_over")
local d = redis.call("HMGET", key.device(device), "gen", "pace", "paired_at")
local gen = d[1] or "0"
local holding = l[4] and true or false
local probing = l[6] and tonumber(l[6]) + S.probe_ms > now
if not holding or (tonumber(l[4]) <= now and not probing) then
  for _, id in ipairs(redis.call("ZRANGE", key.held(device), 0, holding and 0 or 999)) do
    local m = place_of(id)
    redis.call("ZREM", key.held(device), id)
    if m.device then
      take_out(m)
      to_backlog(m)
    end
  end
end

-- True when an earlier message of the recipient stands before this one. What was set aside because it was cold comes back when the
-- chat has become warm.
local function is_gated(id, class, seq, recipient, warm)
  if redis.call("EXISTS", key.gate(device, recipient), key.waiting(device, recipient), key.aside(device, recipient)) == 0 then return false end
  if is_shut(device, gen, recipient, id) then return true end
  local score = waiting_score(class, seq)
  local first = redis.call("ZRANGEBYSCORE", key.waiting(device, recipient), waiting_score(class, 0), "(" .. score, "LIMIT", 0, 1)
  if first[1] and redis.call("SISMEMBER", key.gate(device, recipient), id) == 0 then return true end
  local before = set_aside_before(device, gen, recipient, class, score)
  if not before then return false end
  if warm then come_back_warm(device, before) end
  return true
end
local out = { redis.call("HLEN", key.window(device)), l[1] or "0", l[2] or "0", l[3] or "0", l[4] or "", l[5] or "0", probing and 1 or 0,
  l[7] and 1 or 0, l[8] or "0", l[9] or "0", l[10] or "0", l[11] or "0", d[2] or "", d[3] or "0" }
for _, class in ipairs(CLASSES) do
  local head = redis.call("ZRANGE", key.backlog(device, gen, class), 0, ahead - 1)
  for _, id in ipairs(head) do
    local f = redis.call("HMGET", key.message(id), "recipient", "seq", "quiet")
    local recipient = f[1]
    if recipient then
      local warm = is_warm(device, recipient, now, not holding)
      out[#out + 1] = id
      out[#out + 1] = class
      out[#out + 1] = f[2]
      out[#out + 1] = is_gated(id, class, f[2], recipient, warm) and 1 or 0
      out[#out + 1] = warm and 1 or 0
      out[#out + 1] = recipient
      out[#out + 1] = f[3] or ""
      out[#out + 1] = redis.call("ZSCORE", key.spoken(device), recipient) or "0"
    else
      -- A message that is not kept any more must not stop the lane.
      redis.call("ZREM", key.backlog(device, gen, class), id)
    end
  end
end
return out
