-- Ends, or changes, one row of a batch that was not drawn yet.
-- ARGV: batch, row, now (ms), what it shall say from now on (JSON) or "" (it is canceled), the version that was seen or "" (any)
-- Result: {"done", version} · {"moved"} (it was drawn, or is not as it was seen) · {"refused", status} (it has ended)
local id, row, now, body = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local b = redis.call("HMGET", key.batch(id), "cursor", "rest", "rowlog", "device")
if not b[1] or tonumber(b[1]) > tonumber(row) then return { "moved" } end
local _, entries = string.gsub(b[3], "%[", "")
local found = redis.call("HGET", key.exits(id), row) or ""
local at = string.match(found, "^canceled|(%d+)")
-- The same command, sent again.
if at == now and body == "" then return { "done", entries + 1 } end
if at then return { "refused", "canceled" } end
if not UNSETTLED[b[2]] then return { "refused", b[2] } end
if ARGV[5] ~= "" and tonumber(ARGV[5]) ~= entries then return { "moved" } end
if body ~= "" then
  redis.call("HSET", key.exits(id), row, "body|" .. body)
  return { "done", entries }
end
redis.call("HSET", key.exits(id), row, "canceled|" .. now)
local counts = key.counts(id)
redis.call("HINCRBY", counts, "undrawn", "-1")
emit({ type = "message.canceled", message = "3EB0" .. string.sub(id, 5) .. string.format("%07X", tonumber(row)), device = b[4],
  version = entries + 1, at = now, code = "MESSAGE_CANCELED" })
count_status({ batch = id, status = b[2] }, "canceled", now)
return { "done", entries + 1 }
