-- The owner has nothing to do: the next acceptance may feed the lane itself.
-- ARGV: device, epoch, now (ms), gap (ms)
-- Result: 1 opened · 0 something waits, or fenced
local device, epoch, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not owns(device, epoch) then return 0 end
local gen = redis.call("HGET", key.device(device), "gen")
local lane = redis.call("HMGET", key.lane(device), "throttled_until", "held_until", "paused", "ring")
if tonumber(lane[1] or 0) > now or lane[2] or lane[3] or lane[4] then return 0 end
if redis.call("EXISTS", key.window(device)) == 1 then return 0 end
for _, class in ipairs(CLASSES) do
  if redis.call("EXISTS", key.backlog(device, gen, class)) == 1 then return 0 end
end
redis.call("HSET", key.lane(device), "open", gen, "gap_ms", ARGV[4])
return 1
