-- Takes a recipient off the suppression list, also where only a digest is left.
-- ARGV: recipient, now (ms)
-- Result: 1 · 0 (not on it)
local recipient, now = ARGV[1], ARGV[2]
local found = redis.call("HDEL", key.suppressed(), recipient)
redis.call("ZREM", key.suppressions(), recipient)
local salt = redis.call("HGET", key.sealed(), "salt")
if salt then found = found + redis.call("HDEL", key.sealed(), redis.sha1hex(salt .. recipient)) end
if found == 0 then return 0 end
emit({ type = "suppression.removed", device = "", version = 0, at = now, more = cjson.encode({ to = recipient, count = 1 }) })
return 1
