-- Puts other bytes in the place of a chunk of a batch, or of an entry among its errors, unless it has changed meanwhile.
-- ARGV: batch, "rows" | "errors", index, SHA-1 of what is there, what comes in its place
-- Result: 1 · 0 it is gone, or has changed
local batch, what, index, digest, bytes = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local rows = what == "rows"
local present
if rows then present = redis.call("HGET", key.rows(batch), index) else present = redis.call("LINDEX", key.batcherrors(batch), index) end
if not present or redis.sha1hex(present) ~= digest then return 0 end
if rows then
  redis.call("HSET", key.rows(batch), index, bytes)
  -- Who has read them before must read them again.
  redis.call("HINCRBY", key.batch(batch), "edition", "1")
else
  redis.call("LSET", key.batcherrors(batch), index, bytes)
end
return 1
