-- Moves a batch to another state, and its rows that were not drawn yet to another status, if it is still as it was seen.
-- ARGV: 1 batch, 2 version that was seen, 3 chunks that were seen or "" (any), 4 to, 5 what its event is called or "" (nothing to tell),
--       6 status of the rest or "" (as it is), 7 now (ms), 8 "1" when its upload ended well, 9 reason or "", 10 look at it then (ms; 0 never)
-- Result: 1 · 0 it has changed since
local id, to, word, rest, now = ARGV[1], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local record = key.batch(id)
local b = redis.call("HMGET", record, "version", "chunks", "digest")
if b[1] ~= ARGV[2] or (ARGV[3] ~= "" and b[2] ~= ARGV[3]) then return 0 end
if ARGV[8] == "1" then
  redis.call("HSET", record, "uploaded_at", now)
  if b[3] ~= "" then redis.call("PEXPIRE", key.idempotency(b[3]), S.idempotency_kept_ms) end
end
if ARGV[10] ~= "0" then redis.call("ZADD", key.batchdues(), ARGV[10], id) else redis.call("ZREM", key.batchdues(), id) end
if to == "canceled" or to == "abandoned" then break_batch(id, to, now, ARGV[9])
elseif to == "completed" then end_batch(id, to, now)
else
  local extra = rest ~= "" and move_rest(id, rest, now) or nil
  if word ~= "" then enter_batch(id, to, word, now, extra)
  else
    redis.call("HSET", record, "state", to)
    redis.call("HINCRBY", record, "version", "1")
  end
  complete_batch(id, now)
end
if to == "running" then join_rings(id, true)
else
  for _, device in ipairs(devices_of(id)) do wake(device) end
end
return 1
