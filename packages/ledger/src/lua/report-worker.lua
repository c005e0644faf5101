-- A worker says that it lives, or that it leaves.
-- ARGV: owner, ttl (ms), "1" alive | "" leaving
-- Result: {living workers, devices}
local now = clock()
if ARGV[3] == "1" then redis.call("ZADD", key.workers(), now, ARGV[1]) else redis.call("ZREM", key.workers(), ARGV[1]) end
redis.call("ZREMRANGEBYSCORE", key.workers(), "-inf", now - ARGV[2])
return { redis.call("ZCARD", key.workers()), redis.call("ZCARD", key.devices()) }
