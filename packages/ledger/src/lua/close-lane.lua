-- The device is not connected: nothing may go, and what is picked goes back to its place.
-- ARGV: device, epoch
-- Result: 1 · 0 fenced
if not owns(ARGV[1], ARGV[2]) then return 0 end
redis.call("HDEL", key.lane(ARGV[1]), "open")
take_window_back(ARGV[1])
return 1
