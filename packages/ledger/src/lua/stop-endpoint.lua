-- Disables or parks an endpoint. What is open waits for it; the event log does not.
-- ARGV: endpoint, state, reason, now (ms)
-- Result: 1 · 0 there is none
local state = redis.call("HGET", key.endpoint(ARGV[1]), "state")
if not state then return 0 end
if state ~= "enabled" then return 1 end
stop_endpoint(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
return 1
