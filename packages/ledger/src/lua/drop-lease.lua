-- Gives a lease up, so that another worker can take it at once.
-- ARGV: device, owner, epoch
-- Result: 1 · 0 it was not ours
if redis.call("GET", key.lease(ARGV[1])) ~= ARGV[2] .. "|" .. ARGV[3] then return 0 end
redis.call("DEL", key.lease(ARGV[1]))
redis.call("ZADD", key.leases(), "XX", clock(), ARGV[1])
redis.call("HDEL", key.lane(ARGV[1]), "open")
-- Given away by a worker that goes on: nobody takes over from it.
if redis.call("ZSCORE", key.workers(), ARGV[2]) then redis.call("HDEL", key.device(ARGV[1]), "owner") end
wake(ARGV[1])
return 1
