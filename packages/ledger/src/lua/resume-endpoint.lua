-- Enables an endpoint again: it goes on at its cursor, or at the end of the event log. Where the log begins behind its cursor, or it is told
-- to skip, the gap is shown. Its circuit is closed.
-- ARGV: endpoint, now (ms), "cursor" | "latest"
-- Result: 1 · 0 there is none
local id, now, from = ARGV[1], ARGV[2], ARGV[3]
local e = redis.call("HMGET", key.endpoint(id), "state", "cursor")
if not e[1] then return 0 end
if e[1] ~= "enabled" then
  local cursor, trimmed = e[2], redis.call("GET", key.trimmed())
  local gap_to = trimmed and earlier(cursor, trimmed) and trimmed or nil
  if from == "latest" then
    local last = end_of_log()
    if earlier(cursor, last) then gap_to, cursor = last, last end
  end
  redis.call("HSET", key.endpoint(id), "state", "enabled", "reason", "", "state_at", now, "cursor", cursor)
  if gap_to then redis.call("HSET", key.endpoint(id), "gap_from", e[2], "gap_to", gap_to) end
end
-- What failed may be tried at once: the endpoint is said to be well.
for _, delivery in ipairs(redis.call("ZRANGE", key.retrying(id), 0, -1)) do redis.call("HDEL", key.delivery(id, delivery), "next_at") end
redis.call("DEL", key.retrying(id))
redis.call("HDEL", key.endpoint(id), "failures", "opens", "open_until", "probe", "probe_until")
redis.call("HINCRBY", key.endpoint(id), "version", 1)
redis.call("PUBLISH", key.nudge(), id)
return 1
