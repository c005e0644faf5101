-- The fence right before the socket write: this job, this feed, this owner, now. Enters `sending`.
-- ARGV: device, epoch, message id, feed, attempt token, now (ms), allowed origins (",queued,unknown,"),
--       connected since (ms): an outcome that is unknown on this very connection needs a new one
-- Result: {"go", attempt, rounds, left 0|1, left at, recipient, body, taken (JSON)}
--         and, with the same values and nothing changed: {"check", …} (not known to be on WhatsApp: look it up first)
--         · {"absent", …} (known not to be on WhatsApp) · {"reconnect", …} (the connection is as old as the attempt)
--         · {"ghost"} · {"fenced"}
local device, epoch, id, feed, token, now, origins = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
if not owns(device, epoch) then return { "fenced" } end
local f = redis.call("HMGET", key.message(id), "status", "version", "gen", "recipient", "body", "attempts", "rounds", "left",
  "left_at", "taken", "log", "try", "code", "tried_at")
local status, recipient = f[1], f[4]
if not status then return { "ghost" } end
local window = redis.call("HGET", key.window(device), id)
if not window or string.match(window, "^(%d+)|") ~= feed then return { "ghost" } end

local known = redis.call("GET", key.recipient(recipient))
local attempt, rounds = tonumber(f[6] or 0), tonumber(f[7] or 0)
local function reply(kind)
  return { kind, attempt, rounds, tonumber(f[8] or 0), f[9] or "0", recipient, f[5], f[10] or "" }
end
if status == "sending" and f[12] == token then return reply("go") end -- the same command, sent again
if not string.find(origins, "," .. status .. ",", 1, true) then return { "ghost" } end
if f[3] ~= redis.call("HGET", key.device(device), "gen") then return { "ghost" } end
if not string.find(recipient, "@", 1, true) then
  if not known then return reply("check") end
  if known == "0" and tonumber(f[8] or 0) == 0 then return reply("absent") end
end

if status == "unknown" and f[13] == "OUTCOME_UNKNOWN" and tonumber(f[14] or 0) >= tonumber(ARGV[8]) then return reply("reconnect") end
attempt = attempt + 1
if status == "unknown" and f[13] == "OUTCOME_UNKNOWN" then rounds = rounds + 1 end
local version = tonumber(f[2]) + 1
redis.call("HSET", key.message(id), "status", "sending", "version", version, "attempts", attempt, "rounds", rounds,
  "try", token, "tried_at", now, "log", entry(f[11], "sending", now, attempt))
emit({ type = "message.sending", message = id, device = device, version = version, at = now, attempt = attempt })
return reply("go")
