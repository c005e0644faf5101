-- Takes or renews the right to migrate the keys of the cell.
-- ARGV: owner, ttl (ms)
-- Result: 1 · 0 somebody else has it
local holder = redis.call("GET", key.migrating())
if holder and holder ~= ARGV[1] then return 0 end
redis.call("SET", key.migrating(), ARGV[1], "PX", ARGV[2])
return 1
