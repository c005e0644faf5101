-- Moves one message from the backlog into the window and raises its feed number; sets others aside.
-- ARGV: 1 device, 2 epoch, 3 now (ms), 4 message id or "", 5 pace at (ms), 6 cold 0|1, 7 probe 0|1, 8 passed over, 9 day, 10 gap (ms),
--       11 recipient gap (ms), 12 owed 0|1 (the class was passed over for long: not even a one-time password takes the pick back),
--       13 count of gated, 14 count of held, gated ids …, held ids …, [id, at (ms), why] …
-- What is set aside for a time stands before the later ones of its recipient and class.
-- Result: {"fed", feed} · {"aside"} · {"moved"} (the message is no longer in the backlog, or the lane has stopped since the look) · {"fenced"}
local device, epoch, now, id = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if not owns(device, epoch) then return { "fenced" } end
local gated, held = tonumber(ARGV[13]), tonumber(ARGV[14])
local lane = key.lane(device)

local function aside(from, count, put)
  for index = from, from + count - 1 do
    local m = place_of(ARGV[index])
    if m.place == "backlog" then
      take_out(m)
      put(m, index)
    end
  end
end
local function stand(m)
  redis.call("ZADD", key.aside(device, m.recipient), waiting_score(m.class, m.seq), m.id)
  -- It came from behind the gate, perhaps, and others there may go before it is back.
  let_next_come(device, m.recipient)
end
aside(15 + gated, held, function(m)
  redis.call("ZADD", key.held(device), m.seq, m.id)
  redis.call("HSET", key.message(m.id), "place", "held", "waited", "account_hold")
  stand(m)
end)
for index = 15 + gated + held, #ARGV, 3 do
  aside(index, 1, function(m)
    to_due(m, ARGV[index + 1], ARGV[index + 2])
    stand(m)
  end)
end
aside(15, gated, function(m)
  redis.call("ZADD", key.waiting(device, m.recipient), waiting_score(m.class, m.seq), m.id)
  redis.call("HSET", key.message(m.id), "place", "waiting", "waited", "order")
  -- Who waits for others shuts no gate himself.
  redis.call("SREM", key.gate(device, m.recipient), m.id)
  -- What it waits for may have ended since the feed looked: nothing else would ever fetch this message.
  let_next_come(device, m.recipient)
end)
if id == "" then return { "aside" } end

local m = place_of(id)
local mark = "|" .. ARGV[3] .. "|" .. ARGV[6] .. "|" .. ARGV[12]
if m.place == "window" then
  local entry_of = redis.call("HGET", key.window(device), id) or ""
  local fed = string.match(entry_of, "^%d+")
  if fed and entry_of == fed .. mark then return { "fed", fed } end -- the same command, sent again
end
if m.place ~= "backlog" or m.device ~= device or m.gen ~= generation(device) then return { "moved" } end
local l = redis.call("HMGET", lane, "paused", "throttled_until", "held_until", "fed_at", "drain_ms", "day", "minute", "minute_fed")
-- What stopped the lane since the feed looked has taken its window back: nothing comes after that.
local stopped = l[1] or tonumber(l[2] or 0) > now
if l[3] and not stopped then
  local tested = tonumber(l[3]) <= now and ARGV[7] == "1"
  stopped = not tested and not is_warm(device, m.recipient, now, false)
end
if stopped then return { "moved" } end
take_out(m)
-- A feed that follows another without a rest measures how fast the lane drains.
if l[4] and redis.call("EXISTS", key.window(device)) == 1 then
  local drained = math.max(0, now - l[4])
  redis.call("HSET", lane, "drain_ms", string.format("%.1f", l[5] and l[5] * 0.9 + drained * 0.1 or drained))
end
local feed = redis.call("HINCRBY", key.message(id), "feed", "1")
redis.call("HSET", key.message(id), "place", "window")
redis.call("HSET", key.window(device), id, feed .. mark)
redis.call("SADD", key.gate(device, m.recipient), id)
redis.call("HDEL", lane, "open")
if l[6] ~= ARGV[9] then redis.call("HSET", lane, "day", ARGV[9], "day_sent", "0", "day_cold", "0") end
redis.call("HINCRBY", lane, "day_sent", "1")
if ARGV[6] == "1" then redis.call("HINCRBY", lane, "day_cold", 1) end
redis.call("HSET", lane, "pace_at", ARGV[5], "passed_over", ARGV[8], "gap_ms", ARGV[10], "fed_at", ARGV[3],
  count_minute(now, l[7], l[8]))
if ARGV[7] == "1" then redis.call("HSET", lane, "probe_id", id, "probe_at", now) end
if tonumber(ARGV[11]) > 0 then
  redis.call("ZADD", key.spoken(device), now, m.recipient)
  redis.call("ZREMRANGEBYSCORE", key.spoken(device), "-inf", now - ARGV[11])
end
return { "fed", feed }
