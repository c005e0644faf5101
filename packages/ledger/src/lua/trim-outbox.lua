-- Forgets, in the list of a device's messages, those that are not kept any more. Oldest first; the ones that are still kept are passed.
-- ARGV: device, how many were passed before, at most so many, accepted before (ms): younger ones are not looked at
-- Result: how many are passed now · -1 at the end
local outbox, passed, limit = key.outbox(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ids = redis.call("ZRANGE", outbox, passed, passed + limit - 1)
for _, id in ipairs(ids) do
  local at = redis.call("HGET", key.message(id), "at")
  if not at then redis.call("ZREM", outbox, id)
  elseif tonumber(at) > tonumber(ARGV[4]) then return -1
  else passed = passed + 1
  end
end
return #ids < limit and -1 or passed
