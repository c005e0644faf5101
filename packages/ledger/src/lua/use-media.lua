-- Media is used once more: it is kept at least until then.
-- ARGV: media id, kept until (ms)
-- Result: its record, or "" when there is none
local record = redis.call("GET", key.media(ARGV[1]))
if not record then return "" end
redis.call("ZADD", key.mediaends(), "GT", ARGV[2], ARGV[1])
return record
