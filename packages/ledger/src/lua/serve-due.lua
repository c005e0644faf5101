-- Brings back what waited for a time: to its own place in the backlog of its device. Any worker may do it.
-- ARGV: now (ms), at most so many
-- Result: how many
local due = redis.call("ZRANGEBYSCORE", key.due(), "-inf", ARGV[1], "LIMIT", 0, ARGV[2])
for _, id in ipairs(due) do
  redis.call("ZREM", key.due(), id)
  local m = place_of(id)
  if m.place == "due" then
    redis.call("HDEL", key.message(id), "next_at")
    to_backlog(m)
    wake(m.device)
  end
end
return #due
