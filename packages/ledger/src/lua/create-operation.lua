-- Begins an operation over the dead letters that there are now: those that fail later are not swept in.
-- ARGV: operation id, kind, now (ms), code or "", device or "", since (ms) or "", devices (JSON) or "" (all), key id, batch or "",
--       effect or "", time (ms) and id of the newest letter that it is about, or "" and "",
--       ids (JSON) of those that it is about or "" (all), "1" when what may have left goes as new messages
-- Result: 1 · 0 it has begun before
local id, since = ARGV[1], ARGV[6]
local record = key.operation(id)
if redis.call("EXISTS", record) == 1 then return 0 end
local newest = { ARGV[12], ARGV[11] }
if ARGV[12] == "" then newest = redis.call("ZREVRANGE", key.letters(), 0, 0, "WITHSCORES") end
redis.call("HSET", record, "kind", ARGV[2], "state", "running", "created_at", ARGV[3], "code", ARGV[4], "device", ARGV[5], "since", since,
  "devices", ARGV[7], "key", ARGV[8], "batch", ARGV[9], "effect", ARGV[10], "ids", ARGV[13], "anew", ARGV[14],
  "total", redis.call("ZCOUNT", key.letters(), since == "" and "-inf" or since, newest[2] or 0),
  "done", 0, "failed", 0, "skipped", 0, "at", newest[2] or 0, "id", (newest[1] or "") .. "~")
redis.call("ZADD", key.operations(), ARGV[3], id)
return 1
