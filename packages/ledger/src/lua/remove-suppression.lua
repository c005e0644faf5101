-- Takes somebody off the suppression list, also where only a digest is left.
-- ARGV: now (ms), his names: the first one is told
-- Result: 1 · 0 (not on it)
local found, salt = 0, redis.call("HGET", key.sealed(), "salt")
for index = 2, #ARGV do
  found = found + redis.call("HDEL", key.suppressed(), ARGV[index])
  redis.call("ZREM", key.suppressions(), ARGV[index])
  if salt then found = found + redis.call("HDEL", key.sealed(), redis.sha1hex(salt .. ARGV[index])) end
end
if found == 0 then return 0 end
emit({ type = "suppression.removed", device = "", version = 0, at = ARGV[1], more = cjson.encode({ to = ARGV[2], count = 1 }) })
return 1
