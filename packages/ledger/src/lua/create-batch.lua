-- Creates a batch whose rows are about to come, or finds the one that was created under the same idempotency key.
-- ARGV: 1 batch, 2 digest of the idempotency key or "", 3 fingerprint of its settings, 4 now (ms), 5 what its device is for its events or "",
--       6 devices (JSON), 7 look at it then (ms), 8 status of its rows, field, value, field, value …
-- Result: {"created" | "resumed", batch} · {"reused"} (other settings under the key) · {"no-device", device}
local id, digest, fingerprint, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local record = digest ~= "" and key.idempotency(digest)
local f = record and redis.call("HMGET", record, "fingerprint", "message") or {}
if f[1] and f[1] ~= fingerprint then return { "reused" } end
if f[2] and redis.call("EXISTS", key.batch(f[2])) == 1 then return { f[2] == id and "created" or "resumed", f[2] } end
if redis.call("EXISTS", key.batch(id)) == 1 then return { "created", id } end -- the same command, sent again
local devices = cjson.decode(ARGV[6])
for _, device in ipairs(devices) do
  if not generation(device) then return { "no-device", device } end
end
redis.call("HSET", key.batch(id), "at", now, "state", "receiving", "state_at", now, "version", "1", "device", ARGV[5], "devices", ARGV[6],
  "gen", ARGV[5] ~= "" and generation(ARGV[5]) or "", "digest", digest, "rows", "0", "chunks", "0", "hash", "", "cursor", "1",
  "rowlog", ARGV[8] == "scheduled" and entry("", "scheduled", now) or entry("", "queued", now), "rest", ARGV[8], unpack(ARGV, 9))
local pool = redis.call("HGET", key.batch(id), "pool")
if pool then
  -- Its devices may have changed since they were read.
  devices = pool_devices(pool)
  redis.call("HSET", key.batch(id), "devices", redis.call("HGET", key.pool(pool), "devices") or "[]")
end
redis.call("HSET", key.counts(id), "accepted", "0", "open", "0", "undrawn", "0")
redis.call("ZADD", key.batches(), now, id)
redis.call("ZADD", key.batchdues(), ARGV[7], id)
for _, device in ipairs(devices) do redis.call("ZADD", key.batchesof(device), now, id) end
if record then
  redis.call("HSET", record, "fingerprint", fingerprint, "message", id, "state", "accepted")
  redis.call("PEXPIRE", record, S.idempotency_kept_ms)
end
return { "created", id }
