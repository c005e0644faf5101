-- Keeps the first answer of an idempotent request; later ones get that one back.
-- ARGV: digest, message id, answer (JSON)
-- Result: the answer that counts
local record = key.idempotency(ARGV[1])
local f = redis.call("HMGET", record, "message", "answer")
if f[1] ~= ARGV[2] then return ARGV[3] end
if f[2] then return f[2] end
redis.call("HSET", record, "answer", ARGV[3], "state", "accepted")
redis.call("HDEL", record, "until")
return ARGV[3]
