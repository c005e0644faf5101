-- What waits under an earlier phone number of a device: releases it to the present one, or cancels it. A message that may have left
-- belongs to its number and stays. Call again until nothing is left.
-- ARGV: device, generation to move, "release" | "discard", now (ms), at most so many, allowed origins of canceled
-- Result: {moved, looked at}
local device, from, release, now = ARGV[1], ARGV[2], ARGV[3] == "release", tonumber(ARGV[4])
local gen = redis.call("HGET", key.device(device), "gen")
local moved, seen = 0, 0
if not gen or gen == from then return { 0, 0 } end
for _, class in ipairs(CLASSES) do
  for _, id in ipairs(redis.call("ZRANGE", key.backlog(device, from, class), 0, ARGV[5] - 1)) do
    local m = load_message(id)
    seen = seen + 1
    redis.call("ZREM", key.backlog(device, from, class), id)
    if not m then -- gone
    elseif m.left then
      -- Only evidence can settle it; it is looked at again when its time for that is over.
      to_due(m, tonumber(m.left_at) + S.reconcile_limit_ms, "identity_changed")
    elseif release then
      moved = moved + 1
      m.gen = gen
      redis.call("HSET", key.message(id), "gen", gen)
      to_backlog(m)
    elseif may_come_from(m, ARGV[6]) then
      moved = moved + 1
      m.place = ""
      enter(m, { to = "canceled", at = now, code = "MESSAGE_CANCELED", detail = "its phone number was replaced" })
    end
  end
end
if moved > 0 then wake(device) end
return { moved, seen }
