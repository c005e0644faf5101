-- Gives the right to read the event log back.
-- ARGV: owner
-- Result: 1 · 0 it was not its own
local lease = redis.call("GET", key.reader())
if not lease or string.match(lease, "^(.*)|") ~= ARGV[1] then return 0 end
redis.call("DEL", key.reader())
redis.call("PUBLISH", key.nudge(), "")
return 1
