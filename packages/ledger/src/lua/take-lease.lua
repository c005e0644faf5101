-- Takes the lease of a device that nobody owns; the epoch grows with every owner.
-- ARGV: device, owner, ttl (ms)
-- Result: the epoch · 0 when it has an owner, or does not exist
local device, owner, ttl = ARGV[1], ARGV[2], ARGV[3]
local lease = redis.call("GET", key.lease(device))
if lease then
  if string.match(lease, "^(.*)|") == owner then return tonumber(string.match(lease, "|(%d+)$")) end
  return 0
end
if redis.call("EXISTS", key.device(device)) == 0 then return 0 end
local epoch = redis.call("HINCRBY", key.device(device), "epoch", 1)
redis.call("SET", key.lease(device), owner .. "|" .. epoch, "PX", ttl)
return epoch
