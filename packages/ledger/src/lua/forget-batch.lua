-- Forgets a batch whose rows are forgotten.
-- ARGV: batch
-- Result: 1
local id = ARGV[1]
for _, device in ipairs(devices_of(id)) do redis.call("ZREM", key.batchesof(device), id) end
redis.call("UNLINK", key.batch(id), key.counts(id), key.rows(id), key.chunks(id), key.batcherrors(id), key.exits(id))
redis.call("ZREM", key.batches(), id)
redis.call("ZREM", key.batchdues(), id)
return 1
