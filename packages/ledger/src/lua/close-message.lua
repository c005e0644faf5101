-- Makes an error answer final: the message will never be sent, it is no letter, and the client's next try is a new message.
-- ARGV: message id, the version that the answer tells ("" withdraw: whatever waits still, or never came, is taken back),
--       digest of the idempotency key or "", now (ms), the statuses that are an end, allowed origins of canceled,
--       for a withdrawal the claim token or "", and the code that it ends with
-- Result: {"closed"} · {"refused", status, message id for a withdrawal (it may be that of an earlier claim)} · {"claim-lost"} (another request has resumed the claim and will accept it)
local id, version, digest, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if version == "" and digest ~= "" then
  local f = redis.call("HMGET", key.idempotency(digest), "message", "token")
  -- The claim was resumed: it was accepted under the id that the earlier claim had.
  if f[1] and f[2] == ARGV[7] then id = f[1]
  elseif f[1] == id then
    local other = load_message(id)
    return other and { "refused", other.status, id } or { "claim-lost" }
  end
end
local record = key.message(id)
local m = load_message(id)
if not m then
  -- An acceptance that is still on its way finds this, and does nothing.
  redis.call("HSET", record, "withdrawn", now)
  redis.call("PEXPIRE", record, S.idempotency_kept_ms)
elseif version == "" and m.status ~= "canceled" then
  if m.left or not may_come_from(m, ARGV[6]) then return { "refused", m.status, id } end
  free_probe(m.device, id)
  enter(m, { to = "canceled", at = now, code = ARGV[8], detail = "" })
elseif version ~= "" then
  if m.left or m.version ~= version or not may_come_from(m, ARGV[5]) then return { "refused", m.status } end
  redis.call("ZREM", key.letters(), id)
  redis.call("PEXPIRE", record, S.settled_kept_ms)
end
if digest ~= "" and redis.call("HGET", key.idempotency(digest), "message") == id then redis.call("DEL", key.idempotency(digest)) end
return { "closed" }
