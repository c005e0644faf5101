-- Writes how far an erasure has come with the batches.
-- ARGV: operation id, part, cursor, rows erased, rows looked at
-- Result: 1 · 0 it has ended
local record = key.operation(ARGV[1])
if redis.call("HGET", record, "state") ~= "running" then return 0 end
redis.call("HSET", record, "part", ARGV[2], "cursor", ARGV[3])
redis.call("HINCRBY", record, "done", ARGV[4])
redis.call("HINCRBY", record, "skipped", ARGV[5] - ARGV[4])
redis.call("HINCRBY", record, "total", ARGV[5])
return 1
