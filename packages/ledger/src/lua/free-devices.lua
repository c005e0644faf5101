-- Devices whose lease has run out, or that never had one.
-- ARGV: at most so many
-- Result: device ids
return redis.call("ZRANGEBYSCORE", key.leases(), "-inf", clock(), "LIMIT", 0, ARGV[1])
