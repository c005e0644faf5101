-- What is known of recipients: whether they are on WhatsApp, and whether they have a living conversation with one of the devices (the rule
-- is that of is_warm, for many at once).
-- ARGV: now (ms), how many devices, devices …, recipients …
-- Result, for each: two letters: "1" on WhatsApp, "0" not, "?" nobody knows, then "w" warm or "c" cold
local now, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local recipients, records = {}, {}
for at = 3 + count, #ARGV do
  recipients[#recipients + 1] = ARGV[at]
  records[#records + 1] = key.recipient(ARGV[at])
end
local known, lids, warm = redis.call("MGET", unpack(records)), {}, {}
for at, recipient in ipairs(recipients) do
  warm[at] = string.find(recipient, "@g.us", 1, true) and true or false
  lids[at] = known[at] and string.sub(known[at], 3) or ""
end

local function mark(chats, names)
  for at, till in ipairs(redis.call("ZMSCORE", chats, unpack(names))) do
    if names[at] ~= "" and till and tonumber(till) > now then warm[at] = true end
  end
end

for at = 3, 2 + count do
  local chats, trusted = key.warm(ARGV[at]), key.trusted(ARGV[at])
  if redis.call("EXISTS", trusted) == 1 then mark(trusted, lids) end
  -- What others wrote counts only while the account is not held.
  if redis.call("EXISTS", chats) == 1 and redis.call("HEXISTS", key.lane(ARGV[at]), "held_until") == 0 then
    mark(chats, recipients)
    mark(chats, lids)
  end
end

local out = {}
for at, recipient in ipairs(recipients) do
  local letter = string.find(recipient, "@", 1, true) and "1" or string.sub(known[at] or "?", 1, 1)
  out[at] = letter .. (warm[at] and "w" or "c")
end
return out
