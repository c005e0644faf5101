-- Looks through the messages of many devices, newest first. Sequences are the cell's own: a stretch of them holds at most as many messages.
-- ARGV: before this sequence, down to this one, look at so many at most, find so many at most, recipient or "", status or "", client_ref or "",
--       devices …
-- Result: {how many were looked at, down to which sequence, when the last one looked at was accepted (ms) or "", found ids …}
local before, floor, most, wanted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local recipient, status, ref = ARGV[5], ARGV[6], ARGV[7]
local plain = recipient == "" and status == "" and ref == ""

local list = {}
for index = 8, #ARGV do
  local flat = redis.call("ZREVRANGEBYSCORE", key.outbox(ARGV[index]), "(" .. before, floor, "WITHSCORES", "LIMIT", 0, most)
  for at = 1, #flat, 2 do list[#list + 1] = { flat[at], tonumber(flat[at + 1]) } end
  -- What lies below the last one of a full page was not read: nothing below it is told yet.
  if #flat == 2 * most then floor = math.max(floor, tonumber(flat[#flat])) end
end
table.sort(list, function(a, b) return a[2] > b[2] end)

local found, looked, at = {}, 0, ""
for _, one in ipairs(list) do
  if one[2] < floor then break end
  looked = looked + 1
  local f = redis.call("HMGET", key.message(one[1]), "at", "recipient", "status", "ref")
  at = f[1] or at
  if f[1] and (plain or (recipient == "" or f[2] == recipient) and (status == "" or f[3] == status) and (ref == "" or f[4] == ref)) then
    found[#found + 1] = one[1]
  end
  if #found == wanted or looked == most then
    floor = one[2]
    break
  end
end
return { looked, digits(floor), at, unpack(found) }
