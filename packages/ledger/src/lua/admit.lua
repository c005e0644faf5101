-- Looks API keys up, notes when they were used, and counts their requests; those of one turn of an API process come together.
-- ARGV: window (ms), 1 to count, then for each key: digest, how many requests
-- Result: ms to the end of the window, then for each key: record (JSON) or "", requests of this window before these
local window = tonumber(ARGV[1])
local now = clock()
local number = math.floor(now / window)
local replies = { (number + 1) * window - now }
for index = 3, #ARGV, 2 do
  local record = look_up_key(ARGV[index], now)
  local calls = record and ARGV[2] == "1" and tonumber(ARGV[index + 1]) or 0
  replies[#replies + 1] = record or ""
  replies[#replies + 1] = count_calls(ARGV[index], calls, window, number)
end
return replies
