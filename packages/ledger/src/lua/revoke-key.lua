-- Revokes an API key and tells everybody who serves it.
-- ARGV: key id, digest, the record as it was read, the record as revoked, keep until (ms since the epoch; 0 for ever)
-- Result: 1 revoked · 0 the record is another by now: read it again
local record = key.apikey(ARGV[2])
local kept = redis.call("HGET", record, "record")
if kept ~= ARGV[3] and kept ~= ARGV[4] then return 0 end
redis.call("HSET", record, "record", ARGV[4], "revoked", 1)
if ARGV[5] ~= "0" then redis.call("PEXPIREAT", record, ARGV[5]) end
redis.call("PUBLISH", key.status(), '{"cursor":"","type":"key.revoked","message":"' .. ARGV[1] ..
  '","device":"","version":0,"at":0,"attempt":"","code":""}')
return 1
