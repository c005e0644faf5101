-- Ends an erasure: its record names nobody any more.
-- ARGV: operation id, now (ms)
-- Result: 1 · 0 it has ended before
local id, now = ARGV[1], ARGV[2]
local record = key.operation(id)
if redis.call("HGET", record, "state") ~= "running" then return 0 end
local f = redis.call("HMGET", record, "done", "failed", "skipped")
redis.call("HSET", record, "state", "done", "finished_at", now, "total", digits(f[1] + f[2] + f[3]))
redis.call("HDEL", record, "name", "other", "cursor", "salt")
redis.call("DEL", key.erasing(id))
redis.call("ZREM", key.operations(), id)
redis.call("PEXPIRE", record, S.settled_kept_ms)
emit({ type = "contact.erased", device = "", version = 0, at = now, more = '{"operation_id":"' .. id .. '"}' })
return 1
