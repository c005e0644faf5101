-- Begins the erasure of a person. Who is on the suppression list stays there as a digest, so that he is never without it.
-- ARGV: operation id, digits or a LID, now (ms), key id, a secret for digests (used when there is none yet)
-- Result: 1 · 0 it has begun before
local id, name, now = ARGV[1], ARGV[2], ARGV[3]
local record = key.operation(id)
if redis.call("EXISTS", record) == 1 then return 0 end
-- The other name of the same person, where it is known.
local other = redis.call("GET", key.alias(name)) or string.sub(redis.call("GET", key.recipient(name)) or "", 3)
if not string.find(other, "^%d+$") and not string.find(other, "^%d+@lid$") then other = "" end
for _, one in ipairs({ name, other }) do seal(one, ARGV[5]) end
redis.call("HSET", record, "kind", "erase", "state", "running", "created_at", now, "code", "", "device", "", "since", "", "devices", "",
  "key", ARGV[4], "salt", ARGV[5], "name", name, "other", other, "pass", 1, "part", "batches", "cursor", "", "found", 0, "stayed", 0,
  "total", redis.call("DBSIZE") + redis.call("XLEN", key.events()), "done", 0, "failed", 0, "skipped", 0)
redis.call("ZADD", key.operations(), now, id)
return 1
