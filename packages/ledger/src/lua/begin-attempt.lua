-- The fence right before the socket write: this job, this feed, this owner, now. Enters `sending`.
-- ARGV: device, epoch, message id, feed, attempt token, now (ms), allowed origins (",queued,unknown,"),
--       connected since (ms): an outcome that is unknown on this very connection needs a new one; "1" when it runs alone
-- Result: {"go", attempt, rounds, left 0|1, left at, recipient, body, taken (JSON), sync until (0 nobody waits),
--         its media as this device uploaded it (JSON) or "", request that had it accepted or ""}
--         and, with the same values and nothing changed: {"check", …} (not known to be on WhatsApp: look it up first)
--         · {"absent", …} (known not to be on WhatsApp) · {"reconnect", …} (the connection is as old as the attempt)
--         · {"orphan", …} (it changes a message that was never sent, or by another number)
--         · {"suppressed", …} (nothing may be sent to its recipient)
--         · {"expired", …} · {"alone", …} (it ended its worker before: let nothing else run, then begin again)
--         · {"media", …} (what it carries has not been uploaded by this device, or too long ago) · {"ghost"} · {"fenced"}
local device, epoch, id, feed, token, now, origins = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
if not owns(device, epoch) then return { "fenced" } end
local m = load_message(id)
if not m then return { "ghost" } end
local window = redis.call("HGET", key.window(device), id)
if not window or string.match(window, "^(%d+)|") ~= feed then return { "ghost" } end

-- What is asked of the record of a target, for a row that was not drawn from its batch; nil when it is none.
local function undrawn_row(target, gen)
  local batch, row = "bat_" .. string.sub(target, 5, 15), tonumber(string.sub(target, 16), 16)
  local b = redis.call("HMGET", key.batch(batch), "cursor", "rows", "rest")
  if not b[1] or row > tonumber(b[2]) then return nil end
  local exit = redis.call("HGET", key.exits(batch), digits(row)) or ""
  if string.find(exit, "canceled|", 1, true) == 1 then return { "canceled", "" } end
  if row < tonumber(b[1]) then return nil end
  return UNSETTLED[b[3]] and { "queued", "batch", false, gen, device } or { b[3], "" }
end

local known = redis.call("GET", key.recipient(m.recipient))
local upload = m.media and redis.call("GET", key.upload(device, m.media))
local attempt, rounds = tonumber(m.attempts or 0), tonumber(m.rounds or 0)
local function reply(kind)
  return { kind, attempt, rounds, m.left and 1 or 0, m.left_at or "0", m.recipient, m.body, m.taken or "", m.sync_until or "0", upload or "", m.request or "" }
end
if m.status == "sending" and m["try"] == token then return reply("go") end -- the same command, sent again
if not may_come_from(m, origins) then return { "ghost" } end
local d = redis.call("HMGET", key.device(device), "gen", "online_at", "resumed_at")
if m.gen ~= d[1] then return { "ghost" } end
if m.batch and is_batch_still(m.batch, m.left, m.redriven_at) then
  give_turn_back(device, window)
  free_probe(device, id)
  park(m)
  return { "ghost" }
end
if m.expires_at and tonumber(m.expires_at) <= now then return reply("expired") end
if m.left and now - tonumber(m.left_at) >= S.reconcile_limit_ms then return reply("expired") end
if not m.left and m.recipient == "erased" then return reply("suppressed") end
if not m.left and is_anybody_suppressed() then
  -- Whoever wrote while his number was hidden stands on the list by his LID.
  local lid = string.sub(known or "", 3)
  if is_stopped(m.recipient, m.class, m.body) or (lid ~= "" and is_stopped(lid, m.class, m.body)) then return reply("suppressed") end
end
if not string.find(m.recipient, "@", 1, true) then
  if not known then return reply("check") end
  if known == "0" and not m.left then return reply("absent") end
end
if m.media and not upload then return reply("media") end
if m.status == "unknown" and m.code == "OUTCOME_UNKNOWN" and tonumber(m.tried_at or 0) >= tonumber(ARGV[8]) then return reply("reconnect") end
if tonumber(m.deaths or 0) >= S.deaths_alone and ARGV[9] ~= "1" then return reply("alone") end

-- A change goes only after the message that it changes. Mostly the order of its recipient sees to that.
local target = string.match(m.body, '^{"kind":"%a+","target":{"id":"(3EB0%x+)"')
local t = target and not m.left and redis.call("HMGET", key.message(target), "status", "place", "left", "gen", "device")
if t and not t[1] then t = undrawn_row(target, m.gen) end
if t and t[1] then
  if not t[3] and string.find(",failed,expired,canceled,", "," .. t[1] .. ",", 1, true) then return reply("orphan") end
  -- WhatsApp lets only its own number change it.
  if (t[4] ~= m.gen or t[5] ~= device) and (t[3] or t[2] == "") then return reply("orphan") end
  if t[2] ~= "" then
    take_out(m)
    give_turn_back(device, window)
    free_probe(device, id)
    to_due(m, now + S.target_wait_ms, "order")
    open_gate(m)
    return { "ghost" }
  end
end

-- What it waited for since its last change, for its timeline: its device, its lane, or what set it aside last. Without any: its turn.
local last = tonumber(string.match(m.log, '.*%["%a+",(%d+)') or 0)
local waited = tonumber(d[2] or 0) > last and "device_offline" or tonumber(d[3] or 0) > last and "lane_paused" or m.waited
if m.waited then redis.call("HDEL", key.message(id), "waited") end

attempt = attempt + 1
if m.status == "unknown" and m.code == "OUTCOME_UNKNOWN" then rounds = rounds + 1 end
local version = tonumber(m.version) + 1
redis.call("HSET", key.message(id), "status", "sending", "version", digits(version), "attempts", digits(attempt),
  "rounds", digits(rounds), "try", token, "tried_at", ARGV[6], "epoch", epoch, "alone", ARGV[9],
  "log", entry(m.log, "sending", ARGV[6], digits(attempt), nil, waited))
emit({ type = "message.sending", message = id, device = device, version = version, at = ARGV[6], attempt = attempt })
if m.batch then count_status(m, "sending", now) end
return reply("go")
