-- Creates an endpoint, whose cursor begins at the end of the event log. A repeat under the same id changes nothing.
-- ARGV: endpoint, now (ms), at most so many endpoints, field, value, field, value …
-- Result: 1 created · 2 it is there already · 0 there are too many
local id, now = ARGV[1], ARGV[2]
if redis.call("EXISTS", key.endpoint(id)) == 1 then return 2 end
if redis.call("ZCARD", key.endpoints()) >= tonumber(ARGV[3]) then return 0 end
redis.call("HSET", key.endpoint(id), "at", now, "state", "enabled", "state_at", now, "version", 1, "cursor", end_of_log(),
  unpack(ARGV, 4))
redis.call("ZADD", key.endpoints(), now, id)
return 1
