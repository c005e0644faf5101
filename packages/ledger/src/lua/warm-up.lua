-- A chat is warm until then: it is remembered, and what was set aside because it was cold comes back.
-- ARGV: device, "warm" | "trusted", recipient or LID, until (ms), at most so many chats
-- Result: 1
local device, whom = ARGV[1], ARGV[3]
local index = ARGV[2] == "trusted" and key.trusted(device) or key.warm(device)
redis.call("ZADD", index, "GT", ARGV[4], whom)
-- Who of a pool talks to them is asked by their name.
redis.call("ZADD", key.talks(whom), "GT", ARGV[4], device)
redis.call("PEXPIREAT", key.talks(whom), ARGV[4], "NX")
redis.call("PEXPIREAT", key.talks(whom), ARGV[4], "GT")
-- The ones that stay warm the longest are remembered.
redis.call("ZREMRANGEBYRANK", index, 0, -(ARGV[5] + 1))
local recipient = redis.call("GET", key.alias(whom)) or whom
local aside = redis.call("ZRANGE", key.aside(device, recipient), 0, -1)
if #aside == 0 or not is_warm(device, recipient, clock(), redis.call("HEXISTS", key.lane(device), "held_until") == 0) then return 1 end
for _, id in ipairs(aside) do come_back_warm(device, id) end
return 1
