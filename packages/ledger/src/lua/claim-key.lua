-- Claims an idempotency key for one request, or says what became of the request that had it before.
-- ARGV: digest, fingerprint, message id to use if the key is new, claim token, now (ms)
-- Result: {"claimed", message id} · {"in-progress", ms left} · {"accepted", message id, answer or ""} · {"reused"}
local digest, fingerprint, id, token, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local record = key.idempotency(digest)
local f = redis.call("HMGET", record, "fingerprint", "message", "state", "until", "answer", "token")
if f[1] and f[1] ~= fingerprint then return { "reused" } end
if f[3] == "accepted" then return { "accepted", f[2], f[5] or "" } end
if f[3] == "claimed" and f[6] ~= token and tonumber(f[4]) > now then return { "in-progress", tonumber(f[4]) - now } end
local message = f[2] or id
redis.call("HSET", record, "fingerprint", fingerprint, "message", message, "state", "claimed",
  "until", now + S.idempotency_claim_ms, "token", token)
redis.call("PEXPIRE", record, S.idempotency_kept_ms)
return { "claimed", message }
