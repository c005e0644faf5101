-- Deletes a pool. Its devices stay.
-- ARGV: pool
-- Result: 1 · 0 there is none
local pool = ARGV[1]
if redis.call("EXISTS", key.pool(pool)) == 0 then return 0 end
set_devices(pool, {})
redis.call("DEL", key.pool(pool))
redis.call("ZREM", key.pools(), pool)
return 1
