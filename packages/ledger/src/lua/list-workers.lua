-- The living workers.
-- ARGV: ttl (ms)
-- Result: {devices, devices without a living lease, then for each worker: owner, ms since its heartbeat, lanes}
local now = clock()
local out = { redis.call("ZCARD", key.devices()), redis.call("ZCOUNT", key.leases(), "-inf", "(" .. now) }
local found = redis.call("ZRANGEBYSCORE", key.workers(), "(" .. now - ARGV[1], "+inf", "WITHSCORES")
for index = 1, #found, 2 do
  out[#out + 1] = found[index]
  out[#out + 1] = now - tonumber(found[index + 1])
  out[#out + 1] = tonumber(redis.call("HGET", key.lanes(), found[index]) or 0)
end
return out
