-- Gives the right to migrate back.
-- ARGV: owner
-- Result: 1 · 0 it was not its own
if redis.call("GET", key.migrating()) ~= ARGV[1] then return 0 end
redis.call("DEL", key.migrating())
return 1
