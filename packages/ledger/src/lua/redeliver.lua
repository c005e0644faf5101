-- Opens a delivery once more, or for the first time, with this body; the reader gives it a job. What waits for its next try goes at once.
-- The rest of the circuit is over, but for a test: the endpoint is said to be well.
-- ARGV: endpoint, delivery, type, body or "" (the one that is kept), now (ms)
-- Result: 1 · 0 there is no such endpoint · -1 its body is not kept
local id, delivery, type, body, now = unpack(ARGV)
if redis.call("EXISTS", key.endpoint(id)) == 0 then return 0 end
local kept = redis.call("HMGET", key.delivery(id, delivery), "body", "type")
if body == "" then body, type = kept[1] or "", kept[2] or type end
if body == "" then return -1 end
if not open_delivery(id, delivery, body, type, now) then
  redis.call("ZREM", key.retrying(id), delivery)
  redis.call("HDEL", key.delivery(id, delivery), "next_at")
end
if type ~= "webhook.test" then
  redis.call("HDEL", key.endpoint(id), "failures", "opens", "open_until", "probe", "probe_until")
end
trim_index(id, key.deliveries(id), tonumber(S.webhook_log_entries))
redis.call("PUBLISH", key.nudge(), id)
return 1
