-- Renews leases. One that ran out unnoticed and that nobody took since (the epoch still stands) is taken up again.
-- ARGV: owner, ttl (ms), device, epoch, device, epoch …
-- Result: 1 (still ours) or 0 for each
local owner, ttl = ARGV[1], tonumber(ARGV[2])
local until_ = clock() + ttl
local out = {}
for index = 3, #ARGV, 2 do
  local device, epoch = ARGV[index], ARGV[index + 1]
  local lease = redis.call("GET", key.lease(device))
  local mine = lease == owner .. "|" .. epoch
  if mine or (not lease and redis.call("HGET", key.device(device), "epoch") == epoch) then
    -- A longer life is given also where Redis is full and takes nothing new.
    if mine then redis.call("PEXPIRE", key.lease(device), ttl)
    else redis.call("SET", key.lease(device), owner .. "|" .. epoch, "PX", ttl)
    end
    redis.call("ZADD", key.leases(), until_, device)
    out[#out + 1] = 1
  else
    out[#out + 1] = 0
  end
end
return out
