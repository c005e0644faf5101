-- What is known of recipients: whether they are on WhatsApp, and whether they have a living conversation with one of the devices.
-- ARGV: now (ms), how many devices, devices …, recipients …
-- Result, for each: two letters: "1" on WhatsApp, "0" not, "?" nobody knows, then "w" warm or "c" cold
local now, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local counts_inbound = {}
for at = 3, 2 + count do counts_inbound[at] = redis.call("HEXISTS", key.lane(ARGV[at]), "held_until") == 0 end
local out = {}
for at = 3 + count, #ARGV do
  local recipient, warm = ARGV[at], false
  local known = string.find(recipient, "@", 1, true) and "1" or string.sub(redis.call("GET", key.recipient(recipient)) or "?", 1, 1)
  for device = 3, 2 + count do
    warm = warm or is_warm(ARGV[device], recipient, now, counts_inbound[device])
  end
  out[#out + 1] = known .. (warm and "w" or "c")
end
return out
