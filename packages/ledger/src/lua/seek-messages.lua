-- Looks through the messages of many devices, newest first. Sequences are the cell's own: a stretch of them holds at most as many messages.
-- ARGV: before this sequence, down to this one, look at so many at most, find so many at most, recipient or "", status or "", client_ref or "",
--       devices …
-- Result: {how many were looked at, down to which sequence, when the last one looked at was accepted (ms) or "", found ids …}
local before, floor, most, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local recipient, status, ref = ARGV[5], ARGV[6], ARGV[7]

-- One field after the other, and no more than are needed: most messages fail the first.
local function matches(id)
  local record = key.message(id)
  return (recipient == "" or redis.call("HGET", record, "recipient") == recipient)
    and (ref == "" or redis.call("HGET", record, "ref") == ref)
    and (status == "" or redis.call("HGET", record, "status") == status)
end

local past = "(" .. digits(before)
local function count()
  local found = 0
  for index = 8, #ARGV do found = found + redis.call("ZCOUNT", key.outbox(ARGV[index]), floor, past) end
  return found
end
-- Of many devices all that a stretch holds is read, and only a part of it looked at: a stretch that holds much more is cut.
while #ARGV > 8 and before - floor > 2 * most and count() > 2 * most do floor = before - math.ceil((before - floor) / 4) end

local list = {}
for index = 8, #ARGV do
  local flat = redis.call("ZREVRANGEBYSCORE", key.outbox(ARGV[index]), past, floor, "WITHSCORES", "LIMIT", 0, most)
  for at = 1, #flat, 2 do list[#list + 1] = { flat[at], tonumber(flat[at + 1]) } end
  -- What lies below the last one of a full page was not read: nothing below it is told yet.
  if #flat == 2 * most then floor = math.max(floor, tonumber(flat[#flat])) end
end
table.sort(list, function(a, b) return a[2] > b[2] end)

local found, looked, last = {}, 0, nil
for _, one in ipairs(list) do
  if one[2] < floor then break end
  looked, last = looked + 1, one[1]
  if matches(last) then found[#found + 1] = last end
  if #found == wanted or looked == most then
    floor = one[2]
    break
  end
end
local at = last and redis.call("HGET", key.message(last), "at") or ""
return { looked, digits(floor), at, unpack(found) }
