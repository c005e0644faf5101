-- Takes some of a device's look-ups of numbers: so many a day.
-- ARGV: device, day, wanted
-- Result: how many may be made
local budget = key.lookups(ARGV[1], ARGV[2])
local granted = math.max(0, math.min(tonumber(ARGV[3]), S.contact_lookups - tonumber(redis.call("GET", budget) or 0)))
if granted > 0 then
  redis.call("INCRBY", budget, granted)
  redis.call("PEXPIRE", budget, 86400000)
end
return granted
