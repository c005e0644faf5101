-- Changes the state of a device, as its owner. Another phone number than before begins a new generation.
-- ARGV: device, epoch, now (ms), state, cause or "", code or "", phone or "", lid or "", until (ms; 0 none),
--       cause of a pairing that nobody erased the credentials for, states in which it gives back what belongs to its pools
-- Result: generation · 0 fenced
local device, epoch, now, state, cause, code, phone, lid = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if not owns(device, epoch) then return 0 end
local record = key.device(device)
local f = redis.call("HMGET", record, "state", "phone", "gen", "cause", "erased")
if state == "pairing" and cause == "" and f[2] and not f[5] then cause = ARGV[10] end
local gen = tonumber(f[3])
if phone ~= "" then
  if f[2] and f[2] ~= phone then
    gen = gen + 1
    take_window_back(device)
    redis.call("HSET", record, "gen", gen)
    -- What WhatsApp thought of the old number says nothing about this one, and neither do its chats.
    redis.call("HDEL", key.lane(device), "open", "held_until", "holds", "probe_id", "probe_at", "throttled_until", "throttles",
      "day", "day_sent", "day_cold")
    redis.call("DEL", key.warm(device), key.trusted(device), key.spoken(device))
  end
  if f[2] ~= phone then redis.call("HSET", record, "phone", phone, "paired_at", now) end
end
if phone ~= "" then redis.call("HDEL", record, "erased") end
if lid ~= "" then redis.call("HSET", record, "lid", lid) end
if f[1] == state and (f[4] or "") == cause then return gen end
redis.call("HSET", record, "state", state, "cause", cause, "code", code, "state_at", now, "until", ARGV[9])
if string.find(ARGV[11], "," .. state .. ",", 1, true) then
  for _, pool in ipairs(redis.call("SMEMBERS", key.poolsof(device))) do look_for_returns(device, pool, now) end
end
note(device, now, "state", state, cause, code)
local function is_online(s) return s == "connected" or s == "restricted" end
if is_online(state) and not is_online(f[1]) then redis.call("HSET", record, "online_at", now) end
if state == "connected" then redis.call("HSET", record, "seen_at", now) end
local version = redis.call("HINCRBY", record, "version", 1)
emit({ type = "device." .. state, device = device, version = version, at = now, code = code })
return gen
