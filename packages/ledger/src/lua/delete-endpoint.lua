-- Deletes an endpoint with all its deliveries. Their jobs find nothing and end.
-- ARGV: endpoint
-- Result: 1 · 0 there is none
local id = ARGV[1]
if redis.call("ZREM", key.endpoints(), id) == 0 then return 0 end
for _, index in ipairs({ key.deliveries(id), key.parked(id), key.undelivered(id) }) do
  for _, delivery in ipairs(redis.call("ZRANGE", index, 0, -1)) do redis.call("UNLINK", key.delivery(id, delivery)) end
end
redis.call("UNLINK", key.endpoint(id), key.deliveries(id), key.parked(id), key.undelivered(id), key.retrying(id), key.inhand(id))
return 1
