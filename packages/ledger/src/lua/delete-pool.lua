-- Deletes a pool. Its devices stay, and so do messages with the devices that they stand with.
-- ARGV: pool, now (ms)
-- Result: 1 · 0 there is none · 2 batches that have not ended are sent from it
local pool = ARGV[1]
if redis.call("EXISTS", key.pool(pool)) == 0 then return 0 end
if next(open_batches(pool)) then return 2 end
set_devices(pool, {}, ARGV[2])
redis.call("DEL", key.pool(pool))
redis.call("ZREM", key.pools(), pool)
return 1
