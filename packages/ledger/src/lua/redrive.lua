-- Sends a dead letter again under its own id: as new when it has not left, for reconciliation when it may have.
-- ARGV: message id, now (ms), edited body (JSON) or "", allowed origins
-- Result: {"redriven", version} · {"not-a-letter"} · {"possible"} (it may have left: an edit would be a second message)
--         · {"other-identity"} (it may have left under another phone number) · {"absent"}
local id, now, body = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local m = load_message(id)
if not m then return { "absent" } end
if not redis.call("ZSCORE", key.letters(), id) or not may_come_from(m, ARGV[4]) then return { "not-a-letter" } end
if m.left and body ~= "" then return { "possible" } end
local gen = redis.call("HGET", key.device(m.device), "gen")
if not gen then return { "absent" } end
if m.left and m.gen ~= gen then return { "other-identity" } end
m.gen = gen
m.seq = redis.call("INCR", key.sequence())
redis.call("HSET", key.message(id), "gen", gen, "seq", m.seq, "rounds", 0)
if body ~= "" then redis.call("HSET", key.message(id), "body", body) end
redis.call("HDEL", key.message(id), "taken", "deaths", "alone", "expires_at")
m.expires_at = nil
local version
if m.left then
  redis.call("SADD", key.gate(m.device, m.recipient), id)
  redis.call("HSET", key.message(id), "left_at", now)
  version = enter(m, { to = "unknown", at = now, due = now, why = "reconcile", attempts = 0 })
else
  version = enter(m, { to = "queued", at = now, backlog = true, attempts = 0 })
  wake(m.device)
end
return { "redriven", version }
