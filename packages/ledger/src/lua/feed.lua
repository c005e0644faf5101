-- Moves one message from the backlog into the window and raises its feed number; sets others aside.
-- ARGV: device, epoch, now (ms), message id or "", count of gated, gated ids …, held ids …
-- Result: {"fed", feed} · {"aside"} · {"moved"} (the message is no longer in the backlog) · {"fenced"}
local device, epoch, now, id, gated = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
if not owns(device, epoch) then return { "fenced" } end
for index = 6, #ARGV do
  local m = place_of(ARGV[index])
  if m.place == "backlog" then
    take_out(m)
    if index < 6 + gated then
      redis.call("ZADD", key.waiting(device, m.recipient), waiting_score(m.class, m.seq), m.id)
      redis.call("HSET", key.message(m.id), "place", "waiting")
      -- The gate may have opened since the feed looked: nothing else would ever fetch this message.
      if redis.call("EXISTS", key.gate(device, m.recipient)) == 0 then open_gate(m) end
    else
      redis.call("ZADD", key.held(device), m.seq, m.id)
      redis.call("HSET", key.message(m.id), "place", "held")
    end
  end
end
if id == "" then return { "aside" } end
local m = place_of(id)
if m.place ~= "backlog" or m.device ~= device then return { "moved" } end
take_out(m)
local feed = redis.call("HINCRBY", key.message(id), "feed", 1)
redis.call("HSET", key.message(id), "place", "window")
redis.call("HSET", key.window(device), id, feed .. "|" .. now)
redis.call("SADD", key.gate(device, m.recipient), id)
redis.call("HDEL", key.lane(device), "open")
if S.pace_gap_ms > 0 then redis.call("HSET", key.lane(device), "pace_at", now + S.pace_gap_ms) end
return { "fed", feed }
