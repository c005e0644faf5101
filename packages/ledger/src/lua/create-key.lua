-- Keeps a new API key under its digest, and its id in the list of keys.
-- ARGV: key id, digest, record (JSON), keep until (ms since the epoch; 0 for ever)
-- Result: 1 kept (also when it was sent twice) · 0 the id belongs to another key
local id, digest = ARGV[1], ARGV[2]
local member = id .. ":" .. digest
local same = redis.call("ZRANGEBYLEX", key.apikeys(), "[" .. id .. ":", "(" .. id .. ";", "LIMIT", 0, 1)[1]
if same and same ~= member then return 0 end
if redis.call("HSETNX", key.apikey(digest), "record", ARGV[3]) == 1 and ARGV[4] ~= "0" then
  redis.call("PEXPIREAT", key.apikey(digest), ARGV[4])
end
redis.call("ZADD", key.apikeys(), 0, member)
return 1
