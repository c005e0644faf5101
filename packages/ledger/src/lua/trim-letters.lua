-- Forgets dead letters whose time is over, messages and all.
-- ARGV: failed before (ms), at most so many
-- Result: how many
local old = redis.call("ZRANGEBYSCORE", key.letters(), "-inf", ARGV[1], "LIMIT", 0, ARGV[2])
for _, id in ipairs(old) do
  redis.call("ZREM", key.letters(), id)
  redis.call("DEL", key.message(id))
end
return #old
