-- Begins a try of a delivery, or says what it waits for. Whoever began one that never ended is believed until the end of its request.
-- ARGV: endpoint, delivery, now (ms), end of the request (ms), token (a repeat of this very call is answered the same)
-- Result: {"post", url, secret, old secret or "", body, tries, since, opens, type}
--   · {"later", time (ms)} its time has not come, the endpoint is left alone, or somebody else has it
--   · {"busy", open deliveries} enough requests are under way
--   · {"ghost"} it is not open · {"shelved"} its endpoint is not enabled
local id, delivery, now, ends, token = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
if not redis.call("ZSCORE", key.undelivered(id), delivery) then return { "ghost" } end
local e = redis.call("HMGET", key.endpoint(id), "state", "open_until", "probe", "probe_until", "url", "secret", "old_secret", "old_until",
  "opens", "state_at")
local record = key.delivery(id, delivery)
local d = redis.call("HMGET", record, "next_at", "type", "body", "first_at", "token", "attempts")
if not e[1] or not d[3] then return { "ghost" } end
if d[1] and tonumber(d[1]) > now then return { "later", tonumber(d[1]) } end
local held = tonumber(redis.call("ZSCORE", key.inhand(id), delivery) or 0)
local repeated = held > now and d[5] == token
if held > now and not repeated then return { "later", held } end
-- A test is for endpoints that are not well, too.
local test = d[2] == "webhook.test"
if not test and not repeated then
  if e[1] ~= "enabled" then return { "shelved" } end
  redis.call("ZREMRANGEBYSCORE", key.inhand(id), "-inf", now)
  if redis.call("ZCARD", key.inhand(id)) >= tonumber(S.webhook_in_hand) then
    return { "busy", redis.call("ZCARD", key.undelivered(id)) }
  end
  if e[2] then
    if tonumber(e[2]) > now then return { "later", tonumber(e[2]) } end
    if e[3] and e[3] ~= delivery and tonumber(e[4]) > now then return { "later", tonumber(e[4]) } end
    redis.call("HSET", key.endpoint(id), "probe", delivery, "probe_until", ends)
  end
end
local tries = tonumber(d[6])
if not repeated then
  redis.call("ZADD", key.inhand(id), ends, delivery)
  redis.call("ZREM", key.retrying(id), delivery)
  tries = redis.call("HINCRBY", record, "attempts", 1)
  redis.call("HSET", record, "tried_at", now, "token", token)
  if not d[4] then redis.call("HSET", record, "first_at", now) end
end
local since = math.max(tonumber(d[4] or now), tonumber(e[10]))
local old = e[7] and tonumber(e[8]) > now and e[7] or ""
return { "post", e[5], e[6], old, d[3], tries, since, tonumber(e[9] or 0), d[2] }
