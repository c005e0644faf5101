-- Creates a pool. A repeat under the same id changes nothing.
-- ARGV: pool, now (ms), name, strategy, key id, at most so many pools, devices …
-- Result: {"created"} · {"exists"} · {"full"} · {"no-device", the first that there is not}
local pool, now = ARGV[1], ARGV[2]
if redis.call("EXISTS", key.pool(pool)) == 1 then return { "exists" } end
if redis.call("ZCARD", key.pools()) >= tonumber(ARGV[6]) then return { "full" } end
local devices = { unpack(ARGV, 7) }
local missing = missing_device(devices)
if missing then return { "no-device", missing } end
redis.call("HSET", key.pool(pool), "name", ARGV[3], "strategy", ARGV[4], "key", ARGV[5], "at", now, "devices", cjson.encode(devices))
redis.call("ZADD", key.pools(), now, pool)
for _, device in ipairs(devices) do redis.call("SADD", key.poolsof(device), pool) end
return { "created" }
