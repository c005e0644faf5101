-- Looks API keys up, notes when they were used, and counts their requests; those of one turn of an API process come together.
-- ARGV: window (ms), 1 to count, then for each key: digest, how many requests
-- Result: ms to the end of the window, then for each key: record (JSON) or "", requests of this window before these
-- So seldom a key is written for its own sake.
local USED_MS = 60000
local window = tonumber(ARGV[1])
local now = clock()
local number = math.floor(now / window)
local replies = { (number + 1) * window - now }
for index = 3, #ARGV, 2 do
  local kept = redis.call("HMGET", key.apikey(ARGV[index]), "record", "used")
  local record, before = kept[1], 0
  -- A store that is full or read-only still knows its keys.
  if record and now - tonumber(kept[2] or 0) >= USED_MS then redis.pcall("HSET", key.apikey(ARGV[index]), "used", digits(now)) end
  if record and ARGV[2] == "1" then
    local counter = key.rate(ARGV[index], string.format("%.0f", number))
    -- Where that can't be written, nothing is counted.
    local used = redis.pcall("INCRBY", counter, ARGV[index + 1])
    if type(used) == "number" then
      before = used - tonumber(ARGV[index + 1])
      if before == 0 then redis.call("PEXPIRE", counter, 2 * window) end
    end
  end
  replies[#replies + 1] = record or ""
  replies[#replies + 1] = before
end
return replies
