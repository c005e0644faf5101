-- Pauses or resumes a lane. A pause takes back what is picked; what is in hand settles.
-- ARGV: device, "1" pause | "" resume, now (ms), the API key of who says so
-- Result: 1 changed · 0 it was so already
local device, pause = ARGV[1], ARGV[2] == "1"
local lane = key.lane(device)
local paused = redis.call("HEXISTS", lane, "paused") == 1
if paused == pause then return 0 end
if pause then
  redis.call("HSET", lane, "paused", ARGV[3], "paused_by", ARGV[4])
  redis.call("HDEL", lane, "open")
  take_window_back(device)
else
  redis.call("HDEL", lane, "paused", "paused_by")
  if redis.call("EXISTS", key.device(device)) == 1 then redis.call("HSET", key.device(device), "resumed_at", ARGV[3]) end
end
note(device, ARGV[3], pause and "lane.paused" or "lane.resumed", ARGV[4])
wake(device)
return 1
