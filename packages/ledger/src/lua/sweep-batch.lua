-- Ends messages of a batch that has ended and that have not left, newest first: one bounded step.
-- ARGV: batch, now (ms), at most so many rows, allowed origins of canceled
-- Result: 1 there is more · 0 done
local id, now, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local b = redis.call("HMGET", key.batch(id), "sweep", "ended_at")
if not b[1] then return 0 end
local row = tonumber(b[1])
local prefix = "3EB0" .. string.sub(id, 5)
local function is_done()
  local f = redis.call("HMGET", key.counts(id), "queued", "scheduled")
  return row < 1 or tonumber(f[1] or 0) + tonumber(f[2] or 0) == 0
end
for _ = 1, limit do
  if is_done() then break end
  local message = prefix .. string.format("%07X", row)
  local status = redis.call("HGET", key.message(message), "status")
  local m = (status == "queued" or status == "scheduled") and load_message(message)
  if m and m.batch == id and not m.left and not (m.redriven_at and tonumber(m.redriven_at) >= tonumber(b[2])) and may_come_from(m, ARGV[4]) then
    free_probe(m.device, m.id)
    enter(m, { to = "canceled", at = now, code = "MESSAGE_CANCELED", detail = "its batch was ended" })
  end
  row = row - 1
end
if is_done() then
  redis.call("HDEL", key.batch(id), "sweep")
  redis.call("ZADD", key.batchdues(), digits(b[2] + S.settled_kept_ms), id)
  return 0
end
redis.call("HSET", key.batch(id), "sweep", digits(row))
return 1
