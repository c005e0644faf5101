-- Forgets rows of a batch that is kept no longer: their messages, but for dead letters, and what they had alone. One bounded step.
-- ARGV: batch, chunk, its first row, its last row, index of what must not come twice or "", then [bucket, digest] of its rows …
-- Result: 1
local id, chunk = ARGV[1], ARGV[2]
local prefix = string.sub(id, 5)
for row = tonumber(ARGV[3]), tonumber(ARGV[4]) do
  local message = "3EB0" .. prefix .. string.format("%07X", row)
  if not redis.call("ZSCORE", key.letters(), message) then redis.call("UNLINK", key.message(message), key.receipts(message)) end
end
for at = 6, #ARGV, 2 do
  local refs = key.refs(ARGV[5], ARGV[at])
  -- It may be another message's by now.
  local owner = redis.call("HGET", refs, ARGV[at + 1])
  if owner and string.sub(owner, 1, 11) == prefix then redis.call("HDEL", refs, ARGV[at + 1]) end
end
redis.call("HDEL", key.rows(id), chunk)
redis.call("HDEL", key.chunks(id), chunk)
return 1
