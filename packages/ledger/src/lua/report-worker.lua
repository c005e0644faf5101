-- A worker says that it lives and how many lanes it runs, or that it leaves.
-- ARGV: owner, ttl (ms), "1" alive | "" leaving, lanes
-- Result: {living workers, devices}
local now = clock()
if ARGV[3] == "1" then
  redis.call("ZADD", key.workers(), now, ARGV[1])
  redis.call("HSET", key.lanes(), ARGV[1], ARGV[4])
else
  redis.call("ZREM", key.workers(), ARGV[1])
  redis.call("HDEL", key.lanes(), ARGV[1])
end
for _, owner in ipairs(redis.call("ZRANGEBYSCORE", key.workers(), "-inf", now - ARGV[2])) do
  redis.call("ZREM", key.workers(), owner)
  redis.call("HDEL", key.lanes(), owner)
end
return { redis.call("ZCARD", key.workers()), redis.call("ZCARD", key.devices()) }
