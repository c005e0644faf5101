-- Counts who of a group got, and who read, a message of ours; each member once.
-- ARGV: device, message id, member, "delivered" | "read"
-- Result: 1 when the count changed, else 0
local message, member = key.message(ARGV[2]), ARGV[3]
if redis.call("HGET", message, "device") ~= ARGV[1] then return 0 end
local known = redis.call("HGET", key.receipts(ARGV[2]), member)
if known == "read" or known == ARGV[4] then return 0 end
redis.call("HSET", key.receipts(ARGV[2]), member, ARGV[4])
redis.call("PEXPIRE", key.receipts(ARGV[2]), S.settled_kept_ms)
if not known then redis.call("HINCRBY", message, "got", 1) end
if ARGV[4] == "read" then redis.call("HINCRBY", message, "seen", 1) end
return 1
