-- Opens what an endpoint has parked since a time, the oldest first, as far as it has room; what waits for its next try since then goes at once.
-- The rest of its circuit is over: the endpoint is said to be well.
-- ARGV: endpoint, since (ms), now (ms)
-- Result: {how many go out, how many are still parked since that time} · {0} there is no such endpoint
local id, since, now = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if redis.call("EXISTS", key.endpoint(id)) == 0 then return { 0 } end
local opened = 0
for _, delivery in ipairs(redis.call("ZRANGE", key.retrying(id), 0, -1)) do
  local record = key.delivery(id, delivery)
  if tonumber(redis.call("HGET", record, "at") or 0) >= since then
    redis.call("ZREM", key.retrying(id), delivery)
    redis.call("HDEL", record, "next_at")
    opened = opened + 1
  end
end
local room = tonumber(S.webhook_open_limit) - redis.call("ZCARD", key.undelivered(id))
if room > 0 then
  for _, delivery in ipairs(redis.call("ZRANGEBYSCORE", key.parked(id), since, "+inf", "LIMIT", 0, room)) do
    local kept = redis.call("HMGET", key.delivery(id, delivery), "body", "type")
    if kept[1] and open_delivery(id, delivery, kept[1], kept[2], now) then opened = opened + 1
    else redis.call("ZREM", key.parked(id), delivery) end
  end
end
redis.call("HDEL", key.endpoint(id), "failures", "opens", "open_until", "probe", "probe_until")
trim_index(id, key.deliveries(id), tonumber(S.webhook_log_entries))
redis.call("PUBLISH", key.nudge(), id)
return { opened, redis.call("ZCOUNT", key.parked(id), since, "+inf") }
