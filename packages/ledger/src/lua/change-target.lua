-- Changes a message at the wish of another request, if it is still as that request saw it.
-- ARGV: message id, the version that was seen, "cancel" | "body" | "deleted-by", the new body (JSON) or the id of the deletion or "",
--       now (ms), allowed origins of canceled
-- Result: "done" · "moved" (it has changed since: look again) · "taken" (another deletion is about to be accepted) · "absent"
local m = load_message(ARGV[1])
if not m then return "absent" end
if m.version ~= ARGV[2] then return "moved" end
if ARGV[3] == "deleted-by" then
  local first = m.deleted_by
  if first and first ~= ARGV[4] then
    local deletion = load_message(first)
    -- Whoever named it may have died before it was accepted.
    if not deletion and tonumber(ARGV[5]) - tonumber(m.deleted_at or 0) < S.idempotency_claim_ms then return "taken" end
    -- It counts as long as it may still delete: this request saw the message before it.
    local gone = deletion and not deletion.left
      and (deletion.status == "failed" or deletion.status == "expired" or deletion.status == "canceled")
    if deletion and not gone then return "moved" end
  end
  redis.call("HSET", key.message(m.id), "deleted_by", ARGV[4], "deleted_at", ARGV[5])
  return "done"
end
if m.left or not may_come_from(m, ARGV[6]) then return "moved" end
if ARGV[3] == "body" then redis.call("HSET", key.message(m.id), "body", ARGV[4])
else enter(m, { to = "canceled", at = tonumber(ARGV[5]), code = "MESSAGE_CANCELED", detail = "" })
end
return "done"
