-- Puts a new secret in front; the one before it signs on until its time is over, older ones go. A repeat with the same secret changes nothing.
-- ARGV: endpoint, new secret, until when the old one signs (ms)
-- Result: 1 · 0 there is no such endpoint
local record = key.endpoint(ARGV[1])
local secret = redis.call("HGET", record, "secret")
if not secret then return 0 end
if secret == ARGV[2] then return 1 end
redis.call("HSET", record, "secret", ARGV[2], "old_secret", secret, "old_until", ARGV[3])
return 1
