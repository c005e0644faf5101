-- Writes credentials of a device, all or nothing, as its owner.
-- ARGV: device, epoch, count of values, name, value …, names to remove …
-- Result: 1 · 0 fenced
if not owns(ARGV[1], ARGV[2]) then return 0 end
local values = tonumber(ARGV[3])
local record = key.credentials(ARGV[1])
local last = 3 + 2 * values
for from = 4, last, 1000 do
  redis.call("HSET", record, unpack(ARGV, from, math.min(from + 999, last)))
end
for from = last + 1, #ARGV, 1000 do
  redis.call("HDEL", record, unpack(ARGV, from, math.min(from + 999, #ARGV)))
end
return 1
