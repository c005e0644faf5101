-- Writes what came of a try.
-- ARGV: endpoint, delivery, tries, now (ms), "delivered" | "retry" | "park" | "gone", time of the next try (ms), HTTP status or "", reason or "",
--   took (ms), how long the endpoint is left alone when its circuit opens (ms), how the answer began or ""
-- Result: 2 it waits for its next try · 1 it has ended, or waits for its endpoint · 0 it is not open, or another try has begun
local id, delivery, tries, now, verdict, at, status, reason, took, rest, excerpt = unpack(ARGV)
local record, endpoint = key.delivery(id, delivery), key.endpoint(id)
local d = redis.call("HMGET", record, "attempts", "type")
if d[1] ~= tries or not redis.call("ZSCORE", key.undelivered(id), delivery) then return 0 end
redis.call("ZREM", key.inhand(id), delivery)
redis.call("HSET", record, "at", now, "status", status, "reason", reason, "took", took, "excerpt", excerpt)
redis.call("ZADD", key.deliveries(id), now, delivery)
redis.call("PUBLISH", key.nudge(), "")
local was_probe = redis.call("HGET", endpoint, "probe") == delivery

if verdict == "delivered" then
  redis.call("ZREM", key.undelivered(id), delivery)
  redis.call("HSET", record, "state", "delivered")
  redis.call("HDEL", record, "body", "next_at")
  redis.call("PEXPIRE", record, S.webhook_log_kept_ms)
  redis.call("HDEL", endpoint, "failures", "opens", "open_until", "probe", "probe_until")
  return 1
end
if d[2] == "webhook.test" then
  redis.call("ZREM", key.undelivered(id), delivery)
  redis.call("HSET", record, "state", "failed")
  redis.call("PEXPIRE", record, S.webhook_log_kept_ms)
  return 1
end
if verdict == "gone" then
  if redis.call("HGET", endpoint, "state") == "enabled" then stop_endpoint(id, "disabled", "gone", now) end
  return 1
end
if verdict == "park" then
  redis.call("ZREM", key.undelivered(id), delivery)
  redis.call("HSET", record, "state", "parked")
  redis.call("HDEL", record, "next_at")
  redis.call("PEXPIRE", record, S.webhook_parked_kept_ms)
  redis.call("ZADD", key.parked(id), now, delivery)
  trim_index(id, key.parked(id), tonumber(S.webhook_parked_limit))
else
  redis.call("HSET", record, "state", "retrying", "next_at", at)
  redis.call("ZADD", key.retrying(id), at, delivery)
end
-- The circuit: so many failures in a row open it, and so does the probe of one that was open.
local failures = redis.call("HINCRBY", endpoint, "failures", 1)
local open = redis.call("HEXISTS", endpoint, "open_until") == 1
if was_probe or (not open and failures >= tonumber(S.webhook_circuit_failures)) then
  redis.call("HSET", endpoint, "open_until", now + rest)
  redis.call("HINCRBY", endpoint, "opens", 1)
  redis.call("HDEL", endpoint, "probe", "probe_until")
end
return verdict == "retry" and 2 or 1
