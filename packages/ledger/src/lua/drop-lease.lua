-- Gives a lease up, so that another worker can take it at once; or leaves it for so long to a later start of the same worker.
-- ARGV: device, owner, epoch, for how long (ms)
-- Result: 1 · 0 it was not ours
if redis.call("GET", key.lease(ARGV[1])) ~= ARGV[2] .. "|" .. ARGV[3] then return 0 end
local left = tonumber(ARGV[4])
redis.call("HDEL", key.lane(ARGV[1]), "open")
redis.call("ZADD", key.leases(), "XX", clock() + left, ARGV[1])
if left > 0 then
  redis.call("PEXPIRE", key.lease(ARGV[1]), left)
  return 1
end
redis.call("DEL", key.lease(ARGV[1]))
-- Given away by a worker that goes on: nobody takes over from it.
if redis.call("ZSCORE", key.workers(), ARGV[2]) then redis.call("HDEL", key.device(ARGV[1]), "owner") end
redis.call("PUBLISH", key.freed(), ARGV[1])
return 1
