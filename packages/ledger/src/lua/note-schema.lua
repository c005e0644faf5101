-- Notes the version that the keys have now; only forwards, and only by whoever migrates.
-- ARGV: owner, version
-- Result: 1 · 0 somebody else migrates
if redis.call("GET", key.migrating()) ~= ARGV[1] then return 0 end
local noted = tonumber(redis.call("GET", key.schema()) or 0)
if noted < tonumber(ARGV[2]) then redis.call("SET", key.schema(), ARGV[2]) end
return 1
