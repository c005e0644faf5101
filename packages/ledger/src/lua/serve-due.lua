-- Brings back what waited for a time: to its place in the backlog of its device. What was scheduled takes the next sequence, everything else
-- keeps its own. Members "x:<id>" are reminders: what has expired and not left ends, and so does an outcome that is unknown for too long.
-- Any worker may do it.
-- What may have left under an earlier phone number is not sent again: it waits for evidence, and fails when nobody would answer any more.
-- ARGV: now (ms), at most so many, allowed origins of queued, of expired, of failed
-- Result: how many
-- A worker whose clock is ahead brings nothing back too early: there are others, and Redis' clock is everybody's.
local now = math.min(tonumber(ARGV[1]), clock())
local AGAIN_MS = 60000

-- Looks at the message again then, wherever it rests.
local function remind(m, at)
  redis.call("ZADD", key.due(), at, "x:" .. m.id)
end

-- Fails an unknown outcome that is too old for an answer. False, and reminded of, when it is not.
local function end_unknown(m)
  local given = tonumber(m.left_at) + S.reconcile_limit_ms
  if now < given then
    remind(m, given)
    return false
  end
  if may_come_from(m, ARGV[5]) then
    enter(m, { to = "failed", at = now, code = "OUTCOME_UNKNOWN", detail = "nobody answered in time" })
  end
  return true
end

local due = redis.call("ZRANGEBYSCORE", key.due(), "-inf", now, "LIMIT", 0, ARGV[2])
for _, member in ipairs(due) do
  redis.call("ZREM", key.due(), member)
  local expiry = string.sub(member, 1, 2) == "x:"
  local m = load_message(string.match(member, "^%w+:(.+)$") or member)
  if not m then -- gone
  elseif expiry then
    if m.status == "sending" then remind(m, now + AGAIN_MS)
    elseif m.left and m.status == "unknown" then end_unknown(m)
    elseif not m.left and may_come_from(m, ARGV[4]) then
      free_probe(m.device, m.id)
      enter(m, { to = "expired", at = now, code = "MESSAGE_EXPIRED", detail = "" })
    end
  elseif m.place == "due" then
    redis.call("ZREM", key.aside(m.device, m.recipient), m.id)
    m.place = ""
    if m.status == "scheduled" and may_come_from(m, ARGV[3]) then
      m.seq = redis.call("INCR", key.sequence())
      redis.call("HSET", key.message(m.id), "seq", m.seq)
      enter(m, { to = "queued", at = now, backlog = true })
    elseif m.left and m.gen ~= redis.call("HGET", key.device(m.device), "gen") then
      if not end_unknown(m) then to_due(m, tonumber(m.left_at) + S.reconcile_limit_ms, "reconcile") end
    else
      if m.left then remind(m, tonumber(m.left_at) + S.reconcile_limit_ms) end
      redis.call("HDEL", key.message(m.id), "next_at", "why")
      to_backlog(m)
    end
    wake(m.device)
  end
end
return #due
