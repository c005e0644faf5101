-- Moves a cursor of an endpoint over events, and opens a delivery for each that it wants: both or nothing. The jobs follow.
-- ARGV: endpoint, epoch, "cursor" | "replay", from (where the cursor must stand), to, now (ms), delivery, type, body, delivery, type, body …
-- Result: 1 · 0 refused: another reader, the cursor was moved, or the endpoint is not enabled
local id, epoch, which, from, to, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if string.match(redis.call("GET", key.reader()) or "", "|(%d+)$") ~= epoch then return 0 end
local e = redis.call("HMGET", key.endpoint(id), "state", which, "replay_to")
if e[1] ~= "enabled" or e[2] ~= from then return 0 end
for index = 7, #ARGV, 3 do open_delivery(id, ARGV[index], ARGV[index + 2], ARGV[index + 1], now) end
if which == "replay" and not earlier(to, e[3]) then redis.call("HDEL", key.endpoint(id), "replay", "replay_to")
else redis.call("HSET", key.endpoint(id), which, to) end
redis.call("ZREMRANGEBYSCORE", key.deliveries(id), "-inf", now - S.webhook_log_kept_ms)
trim_index(id, key.deliveries(id), tonumber(S.webhook_log_entries))
return 1
