-- Takes the lease of a device that nobody owns; the epoch grows with every owner. A worker is named `<worker>#<start>`: what an
-- earlier start of the same worker held is taken at once, since its epoch fences it.
-- ARGV: device, owner, ttl (ms)
-- Result: the epoch · 0 when it has an owner, or does not exist
local device, owner, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local lease = redis.call("GET", key.lease(device))
if lease then
  local holder = string.match(lease, "^(.*)|")
  if holder == owner then return tonumber(string.match(lease, "|(%d+)$")) end
  local worker = string.match(owner, "^(.*)#")
  if not worker or string.match(holder, "^(.*)#") ~= worker then return 0 end
end
if redis.call("HEXISTS", key.device(device), "gen") == 0 then return 0 end
local epoch = redis.call("HINCRBY", key.device(device), "epoch", 1)
redis.call("SET", key.lease(device), owner .. "|" .. epoch, "PX", ttl)
local now = clock()
-- Whose it was, where that one did not give it away while it lived.
local before = redis.call("HGET", key.device(device), "owner")
redis.call("HSET", key.device(device), "owner", owner)
if before and before ~= owner then
  local takers = key.takers(before)
  redis.call("HSETNX", takers, "first", digits(now))
  redis.call("HSET", takers, "last", digits(now))
  redis.call("HINCRBY", takers, "to:" .. owner, 1)
  redis.call("PEXPIRE", takers, S.overview_kept_ms)
end
note(device, now, "owner", owner, epoch)
redis.call("ZADD", key.leases(), now + ttl, device)
tally(now, "lease")
return epoch
