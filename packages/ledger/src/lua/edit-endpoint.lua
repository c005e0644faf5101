-- Changes fields of an endpoint.
-- ARGV: endpoint, field, value, field, value …
-- Result: 1 · 0 there is none
if redis.call("EXISTS", key.endpoint(ARGV[1])) == 0 then return 0 end
redis.call("HSET", key.endpoint(ARGV[1]), unpack(ARGV, 2))
redis.call("HINCRBY", key.endpoint(ARGV[1]), "version", 1)
redis.call("PUBLISH", key.nudge(), ARGV[1])
return 1
