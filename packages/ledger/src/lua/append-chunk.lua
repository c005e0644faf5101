-- Appends one chunk of rows to a batch, all or nothing. One that is stored already is compared.
-- ARGV: 1 batch, 2 chunk, 3 hash over all rows up to its end, 4 now (ms), 5 bytes, 6 rows in it, 7 accepted, 8 invalid, 9 duplicate,
--       10 suppressed, 11 how many errors, 12 index of what must not come twice or "", errors (JSON) …, [bucket, digest, row] …
-- Result: {"stored"} · {"same"} · {"differs"} · {"taken", row, message id less its first four characters, …} · {"gap", chunks}
--         · {"ended", state} · {"absent"}
local id, index, hash, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local record, counts = key.batch(id), key.counts(id)
local b = redis.call("HMGET", record, "state", "chunks", "rows", "uploaded_at", "rest", "digest")
if not b[1] then return { "absent" } end
local chunks, first = tonumber(b[2]), tonumber(b[3]) + 1
if index < chunks then return { redis.call("HGET", key.chunks(id), index) == hash and "same" or "differs" } end
if b[4] then return { "differs" } end
if b[1] == "canceled" or b[1] == "abandoned" then return { "ended", b[1] } end
if index > chunks then return { "gap", chunks } end

local scope, claims = ARGV[12], 13 + tonumber(ARGV[11])
local taken = { "taken" }
for at = claims, #ARGV, 3 do
  local other = holder(scope, ARGV[at], ARGV[at + 1])
  if other then
    taken[#taken + 1] = ARGV[at + 2]
    taken[#taken + 1] = other
  end
end
if #taken > 1 then return taken end

-- The first write: without room in Redis it is the one that is refused.
redis.call("HSET", key.rows(id), index, ARGV[5])
redis.call("HSET", key.chunks(id), index, hash)
local last = first + ARGV[6] - 1
redis.call("HSET", record, "chunks", digits(chunks + 1), "rows", digits(last), "hash", hash)
local prefix = string.sub(id, 5)
for at = claims, #ARGV, 3 do
  redis.call("HSET", key.refs(scope, ARGV[at]), ARGV[at + 1], prefix .. string.format("%07X", tonumber(ARGV[at + 2])))
end
for at = 13, claims - 1 do redis.call("RPUSH", key.batcherrors(id), ARGV[at]) end
local accepted = tonumber(ARGV[7])
redis.call("HINCRBY", counts, "accepted", ARGV[7])
redis.call("HINCRBY", counts, b[5], ARGV[7])
if UNSETTLED[b[5]] then
  redis.call("HINCRBY", counts, "open", ARGV[7])
  redis.call("HINCRBY", counts, "undrawn", ARGV[7])
end
for at, name in ipairs({ "invalid", "duplicate", "suppressed" }) do
  if ARGV[7 + at] ~= "0" then redis.call("HINCRBY", counts, name, ARGV[7 + at]) end
end
-- An upload that goes on may be sent again from the start.
if b[6] ~= "" then redis.call("PEXPIRE", key.idempotency(b[6]), S.idempotency_kept_ms) end
if accepted > 0 then
  tally(now, "accepted", accepted)
  tell_batch(id, "accepted", now, '"from_row":' .. digits(first) .. ',"to_row":' .. digits(last) .. ",")
end
if b[1] == "running" then join_rings(id) end
return { "stored" }
