-- A worker says that it lives and how many lanes it runs, or that it leaves.
-- ARGV: owner, ttl (ms), "1" alive | "" leaving, lanes
-- Result: {living workers, devices}
local now = clock()
local owner, alive = ARGV[1], ARGV[3] == "1"

-- What is shown of it afterwards. `at`: its last sign of life.
local function depart(worker, at)
  redis.call("ZADD", key.departed(), at, worker)
  redis.call("HSET", key.takers(worker), "lanes", redis.call("HGET", key.lanes(), worker) or "0")
  redis.call("PEXPIRE", key.takers(worker), S.overview_kept_ms)
  redis.call("ZREM", key.workers(), worker)
  redis.call("HDEL", key.lanes(), worker)
end

if alive then
  if redis.call("ZADD", key.workers(), now, owner) == 1 then redis.call("ZREM", key.departed(), owner) end
  redis.call("HSET", key.lanes(), owner, ARGV[4])
elseif redis.call("ZSCORE", key.workers(), owner) then
  depart(owner, now)
  redis.call("HSET", key.takers(owner), "stopped", "1")
  redis.call("PUBLISH", key.freed(), "")
end
local silent = redis.call("ZRANGEBYSCORE", key.workers(), "-inf", now - ARGV[2], "WITHSCORES")
for index = 1, #silent, 2 do depart(silent[index], silent[index + 1]) end
redis.call("ZREMRANGEBYSCORE", key.departed(), "-inf", now - S.overview_kept_ms)
return { redis.call("ZCARD", key.workers()), redis.call("ZCARD", key.devices()) }
