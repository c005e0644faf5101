-- The first message of these devices from a sequence on.
-- ARGV: sequence, devices …
-- Result: {its sequence, when it was accepted (ms)} · {} there is none
local first, id
for index = 2, #ARGV do
  local flat = redis.call("ZRANGEBYSCORE", key.outbox(ARGV[index]), ARGV[1], "+inf", "WITHSCORES", "LIMIT", 0, 1)
  if flat[1] and (not first or tonumber(flat[2]) < first) then id, first = flat[1], tonumber(flat[2]) end
end
return id and { digits(first), redis.call("HGET", key.message(id), "at") or "" } or {}
