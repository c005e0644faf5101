-- Puts recipients on the suppression list.
-- ARGV: now (ms), by whom (an API key), then for each: recipient, reason, note
-- Result: for each "added" · "changed" · "already"
local now, by = ARGV[1], ARGV[2]
local results, told, seen = {}, {}, {}
for base = 3, #ARGV, 3 do
  local recipient, reason = ARGV[base], ARGV[base + 1]
  local result, written = suppress(recipient, reason, now, by, ARGV[base + 2])
  if written then told[#told + 1] = { to = recipient, reason = reason, count = 1 } end
  results[#results + 1] = seen[recipient] and "already" or result
  seen[recipient] = true
end
if #told > 0 then
  emit({ type = "suppression.added", device = "", version = 0, at = now, more = cjson.encode(#told == 1 and told[1] or { count = #told }) })
end
return results
