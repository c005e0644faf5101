-- Lets an endpoint have a stretch of the event log once more.
-- ARGV: endpoint, from (cursor), the place before it, to (cursor)
-- Result: 1 · 0 there is no such endpoint · -1 another stretch is not done · -2 the log begins later
local id, from, after, to = unpack(ARGV)
local e = redis.call("HMGET", key.endpoint(id), "state", "replay")
if not e[1] then return 0 end
if e[2] then return -1 end
local trimmed = redis.call("GET", key.trimmed())
if trimmed and earlier(from, trimmed) then return -2 end
local last = end_of_log()
-- What is still to come is told anyway.
if earlier(last, to) then to = last end
if earlier(after, to) then redis.call("HSET", key.endpoint(id), "replay", after, "replay_to", to) end
redis.call("PUBLISH", key.nudge(), id)
return 1
