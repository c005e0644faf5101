-- Where the messages of a device stand that are not settled: one bounded step through all that are kept of it, the latest first.
-- ARGV: device, generation, where to begin ("+inf", or "(" and a sequence), at most so many
-- Result: {where to go on ("" it is through), [status, place, why, "1" of this generation, messages, the earliest time that one waits for (ms; 0 none),
--          one of them] …}
local found = redis.call("ZREVRANGEBYSCORE", key.outbox(ARGV[1]), ARGV[3], "-inf", "WITHSCORES", "LIMIT", 0, ARGV[4])
local groups, order = {}, {}
for index = 1, #found, 2 do
  local id = found[index]
  local f = redis.call("HMGET", key.message(id), "status", "place", "why", "gen", "next_at")
  if f[1] and UNSETTLED[f[1]] then
    local same = f[4] == ARGV[2] and "1" or ""
    local name = table.concat({ f[1], f[2] or "", f[3] or "", same }, "|")
    local at = tonumber(f[5] or 0)
    local group = groups[name]
    if not group then
      group = { f[1], f[2] or "", f[3] or "", same, 0, 0, id }
      groups[name] = group
      order[#order + 1] = group
    end
    group[5] = group[5] + 1
    -- The one that is first in line tells most.
    if at == 0 or group[6] == 0 or at <= group[6] then
      group[6] = at
      group[7] = id
    end
  end
end
local rest = #found < 2 * tonumber(ARGV[4]) and "" or "(" .. found[#found]
return { rest, unpack(order) }
