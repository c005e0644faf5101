-- What a feed needs to know of a lane: its limits, and the waiting messages near the head of each class.
-- What was set aside for a hold returns: all of it when the hold is lifted, one message when its time has come and nobody probes.
-- ARGV: device, now (ms), look-ahead per class
-- Result: {window used, pace at, throttled until, throttles, held until ("" no hold), holds, probing 0|1, paused 0|1,
--          day, sent that day, cold that day, passed over, pace (JSON) or "", paired at,
--          batches that can give rows to a class that is short of them: "<class> <batch> <cursor> <edition of the rows>,…",
--          [id, class, seq, gated 0|1, warm 0|1, recipient, quiet hours (JSON) or "", last spoken to (ms)] …}
local device, now, ahead = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local l = redis.call("HMGET", key.lane(device), "pace_at", "throttled_until", "throttles", "held_until", "holds", "probe_at", "paused",
  "day", "day_sent", "day_cold", "passed_over", "ring")
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
  l[7] and 1 or 0, l[8] or "0", l[9] or "0", l[10] or "0", l[11] or "0", d[2] or "", d[3] or "0", "" }
-- Messages of a batch that goes on again come back before new ones are drawn; true when some are left.
local MOST_AT_ONCE = 200
local brought = 0
local function bring_back(batch)
  local parked = key.parkedrows(batch, device)
  if brought >= MOST_AT_ONCE then return true end
  for _, id in ipairs(redis.call("ZRANGE", parked, 0, MOST_AT_ONCE - brought - 1)) do
    local m = place_of(id)
    brought = brought + 1
    redis.call("ZREM", parked, id)
    if m.device then to_backlog(m) end
  end
  return redis.call("EXISTS", parked) == 1
end

local MOST_BATCHES = 100
-- The batch whose turn it is in the ring of a class: its id, the first of its rows that were not drawn, and their edition; nil when none may
-- give any. And whether any is left: those that have nothing more to give leave the ring.
local function next_of_ring(class)
  local ring = key.ring(device, class)
  local found
  local batches = redis.call("ZRANGE", ring, 0, MOST_BATCHES - 1)
  local kept = #batches == MOST_BATCHES
  for _, batch in ipairs(batches) do
    local b = redis.call("HMGET", key.batch(batch), "state", "cursor", "rows", "gen", "rest", "edition", "pool")
    local stays = true
    if b[1] ~= "running" then stays = false
    elseif redis.call("EXISTS", key.parkedrows(batch, device)) == 1 then
      if bring_back(batch) then wake(device) end
    elseif b[5] ~= "queued" or (b[4] ~= "" and b[4] ~= gen) or tonumber(b[2]) > tonumber(b[3]) then stays = false
    elseif not found then
      local open = redis.call("HMGET", key.counts(batch), "open", "undrawn")
      if open[1] - open[2] < (b[7] and S.batch_drawn_rows or S.batch_aside_rows) then found = class .. " " .. batch .. " " .. b[2] .. " " .. (b[6] or "0") end
    end
    if stays then kept = true else redis.call("ZREM", ring, batch) end
  end
  return found, kept
end

local draws, rings = {}, ""
for _, class in ipairs(CLASSES) do
  local draw, kept
  if l[12] and string.find(l[12], class, 1, true) then draw, kept = next_of_ring(class) end
  if kept then rings = rings .. class .. " " end
  local backlog, seen, parked, removed = key.backlog(device, gen, class), 0, 0, 0
  repeat
    removed = 0
    for _, id in ipairs(redis.call("ZRANGE", backlog, seen, ahead - 1)) do
      local f = redis.call("HMGET", key.message(id), "recipient", "seq", "quiet", "batch", "left", "redriven_at")
      local recipient = f[1]
      if not recipient then
        -- A message that is not kept any more must not stop the lane.
        redis.call("ZREM", backlog, id)
        removed = removed + 1
      elseif f[4] and is_batch_still(f[4], f[5], f[6]) then
        park(place_of(id))
        removed, parked = removed + 1, parked + 1
      else
        seen = seen + 1
        local warm = is_warm(device, recipient, now, not holding)
        out[#out + 1] = id
        out[#out + 1] = class
        out[#out + 1] = f[2]
        out[#out + 1] = is_gated(id, class, f[2], recipient, warm) and 1 or 0
        out[#out + 1] = warm and 1 or 0
        out[#out + 1] = recipient
        out[#out + 1] = f[3] or ""
        out[#out + 1] = redis.call("ZSCORE", key.spoken(device), recipient) or "0"
      end
    end
  until removed == 0 or parked >= MOST_AT_ONCE
  if removed > 0 then wake(device) end
  if draw and seen < ahead then draws[#draws + 1] = draw end
end
if l[12] and rings == "" then redis.call("HDEL", key.lane(device), "ring") end
out[15] = table.concat(draws, ",")
return out
