-- Time brings nothing to the batch now: it is looked at again later, unless something has moved it.
-- ARGV: batch, the version that was seen, then (ms; 0 never)
-- Result: 1
local f = redis.call("HMGET", key.batch(ARGV[1]), "version", "sweep")
if f[1] and (f[1] ~= ARGV[2] or f[2]) then return 1 end
if f[1] and ARGV[3] ~= "0" then redis.call("ZADD", key.batchdues(), ARGV[3], ARGV[1])
else redis.call("ZREM", key.batchdues(), ARGV[1])
end
return 1
