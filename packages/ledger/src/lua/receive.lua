-- Keeps a message that somebody sent to a device, and tells it, once. Who opts out with it is on the suppression list from then on.
-- ARGV: device, its id, record (JSON), when it was sent (ms), what its event tells (JSON) or "" (no event), now (ms), at most so many of a device,
--       the names of who opts out (digits, LIDs), none when nobody does
-- Result: 1 · 0 (known already, or no such device)
local device, id, now = ARGV[1], ARGV[2], tonumber(ARGV[6])
if redis.call("HEXISTS", key.device(device), "gen") == 0 then return 0 end
if not redis.call("SET", key.received(device, id), ARGV[3], "NX", "PX", S.inbound_kept_ms) then return 0 end
local inbox = key.inbox(device)
redis.call("ZADD", inbox, ARGV[4], id)
redis.call("ZREMRANGEBYSCORE", inbox, "-inf", "(" .. (now - S.inbound_kept_ms))
redis.call("ZREMRANGEBYRANK", inbox, 0, -(tonumber(ARGV[7]) + 1))
redis.call("PEXPIRE", inbox, S.inbound_kept_ms)
if ARGV[5] == "" then return 1 end
emit({ type = "message.received", message = id, device = device, version = 0, at = now, more = ARGV[5] })
local told = false
for index = 8, #ARGV do
  local _, written = suppress(ARGV[index], "opt_out", now, device, "")
  told = told or written
end
if told then
  local more = cjson.encode({ to = ARGV[8], reason = "opt_out", count = 1 })
  emit({ type = "suppression.added", device = device, version = 0, at = now, more = more })
end
return 1
