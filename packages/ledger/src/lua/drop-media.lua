-- Takes media's record away; its bytes are the caller's to remove afterwards.
-- ARGV: media id, now (ms): only when its time is over; "" whatever its time
-- Result: the record that was there, or ""
local record = redis.call("GET", key.media(ARGV[1]))
if not record then
  redis.call("ZREM", key.mediaends(), ARGV[1])
  return ""
end
if ARGV[2] ~= "" and tonumber(redis.call("ZSCORE", key.mediaends(), ARGV[1]) or 0) > tonumber(ARGV[2]) then return "" end
redis.call("DEL", key.media(ARGV[1]))
redis.call("ZREM", key.mediaends(), ARGV[1])
return record
