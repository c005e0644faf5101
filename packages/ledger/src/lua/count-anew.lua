-- Counts a letter that was sent anew, or could not be, once.
-- ARGV: operation id, message id, why it was refused or ""
-- Result: 1 · 0 it was counted before
local record = key.operation(ARGV[1])
if redis.call("SREM", key.anew(ARGV[1]), ARGV[2]) == 0 then return 0 end
if ARGV[3] == "" then redis.call("HINCRBY", record, "done", 1)
else
  redis.call("HINCRBY", record, "failed", 1)
  redis.call("HINCRBY", record, "refused:" .. ARGV[3], 1)
end
return 1
