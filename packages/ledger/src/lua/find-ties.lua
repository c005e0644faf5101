-- What ties a recipient to devices of a pool: where its last message went, and who has a living conversation with it.
-- ARGV: pool, recipient, now (ms)
-- Result: {the device that it sticks to, or was seen to, or "",
--          [device, state, "stick" | "warm", 1 when messages of the pool stand with it] …}
local pool, recipient, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local stick = redis.call("GET", key.stick(pool, recipient)) or ""
local out = { stick }
local function tie(device, kind)
  out[#out + 1] = device
  out[#out + 1] = redis.call("HGET", key.device(device), "state")
  out[#out + 1] = kind
  out[#out + 1] = redis.call("EXISTS", key.pooled(device, pool))
end
if stick ~= "" and may_take(stick, pool) then tie(stick, "stick") end
for _, device in ipairs(warm_devices(pool, recipient, now)) do tie(device, "warm") end
return out
