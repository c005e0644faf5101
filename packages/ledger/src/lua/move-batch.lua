-- Moves a batch to another state, and its rows that were not drawn yet to another status, if it is still as it was seen.
-- ARGV: 1 batch, 2 version that was seen, 3 chunks that were seen or "" (any), 4 to, 5 what its event is called or "" (nothing to tell),
--       6 status of the rest or "" (as it is), 7 now (ms), 8 "1" when its upload ended well, 9 reason or "", 10 look at it then (ms; 0 never)
-- Result: 1 · 0 it has changed since
local id, to, word, rest, now = ARGV[1], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local record, counts = key.batch(id), key.counts(id)
local b = redis.call("HMGET", record, "version", "chunks", "rest", "cursor", "rows", "digest")
if b[1] ~= ARGV[2] or (ARGV[3] ~= "" and b[2] ~= ARGV[3]) then return 0 end
if ARGV[8] == "1" then
  redis.call("HSET", record, "uploaded_at", now)
  if b[6] ~= "" then redis.call("PEXPIRE", key.idempotency(b[6]), S.idempotency_kept_ms) end
end
if ARGV[9] ~= "" then redis.call("HSET", record, "reason", ARGV[9]) end
if ARGV[10] ~= "0" then redis.call("ZADD", key.batchdues(), ARGV[10], id) else redis.call("ZREM", key.batchdues(), id) end
local extra
if rest ~= "" and rest ~= b[3] then
  local undrawn = redis.call("HGET", counts, "undrawn")
  redis.call("HSET", record, "rest", rest, "rest_at", now)
  if undrawn ~= "0" then
    redis.call("HINCRBY", counts, b[3], "-" .. undrawn)
    redis.call("HINCRBY", counts, rest, undrawn)
  end
  if undrawn ~= "0" and not UNSETTLED[rest] then
    redis.call("HINCRBY", counts, "open", "-" .. undrawn)
    redis.call("HSET", counts, "undrawn", "0")
    tally(now, rest, tonumber(undrawn))
    -- Rows that were never drawn have no events of their own.
    extra = '"from_row":' .. b[4] .. ',"to_row":' .. b[5] .. ","
  end
end
if to == "completed" or to == "canceled" or to == "abandoned" then end_batch(id, to, now, extra)
elseif word ~= "" then enter_batch(id, to, word, now, extra)
else
  redis.call("HSET", record, "state", to)
  redis.call("HINCRBY", record, "version", "1")
end
if to == "running" then join_rings(id, true)
else
  for _, device in ipairs(devices_of(id)) do wake(device) end
end
complete_batch(id, now)
return 1
