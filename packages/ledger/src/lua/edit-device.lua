-- What the user changes of a device. Until its owner has seen a new pace, only the owner feeds.
-- ARGV: device, name or "", pace (JSON) or ""
-- Result: 1 · 0 there is no such device
local device, name, pace = ARGV[1], ARGV[2], ARGV[3]
local record = key.device(device)
if redis.call("HEXISTS", record, "gen") == 0 then return 0 end
if name ~= "" then redis.call("HSET", record, "name", name) end
if pace ~= "" then
  redis.call("HSET", record, "pace", pace)
  redis.call("HDEL", key.lane(device), "open")
  wake(device)
end
return 1
