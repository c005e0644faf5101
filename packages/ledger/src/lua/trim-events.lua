-- Shortens the event log: what is older than its time and stands behind every enabled endpoint's cursor goes. An endpoint whose next event
-- is too old is parked before. Only enabled endpoints hold the log. The endpoint of a deleted device goes when it has heard the end, or never
-- will.
-- ARGV: kept since (ms), park those whose next event is older than (ms), now (ms), at most so many entries
-- Result: {entries that went, endpoints that were parked …}
local since, behind, now, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local floor, parked = since .. "-0", {}
for _, id in ipairs(redis.call("ZRANGE", key.endpoints(), 0, -1)) do
  local e = redis.call("HMGET", key.endpoint(id), "state", "cursor", "replay", "ends")
  local heard = e[4] and not earlier(e[2], e[4]) and redis.call("ZCARD", key.undelivered(id)) == 0
  if e[4] and (heard or e[1] ~= "enabled") then
    delete_endpoint(id)
  elseif e[1] == "enabled" then
    local next_ = redis.call("XRANGE", key.events(), "(" .. e[2], "+", "COUNT", 1)[1]
    if next_ and place_in_log(next_[1]) < behind then
      park_endpoint(id, "behind", now)
      parked[#parked + 1] = id
    elseif earlier(e[2], floor) then
      floor = e[2]
    end
    -- A stretch that is told once more holds the log too, as long as it is not too old itself.
    if e[3] and place_in_log(e[3]) >= behind and earlier(e[3], floor) then floor = e[3] end
  end
end
local gone = redis.call("XTRIM", key.events(), "MINID", "~", floor, "LIMIT", limit)
if gone > 0 then
  local first = redis.call("XRANGE", key.events(), "-", "+", "COUNT", 1)[1]
  local ms, seq = place_in_log(first and first[1] or end_of_log())
  redis.call("SET", key.trimmed(), string.format("%.0f-%.0f", ms, first and seq or seq + 1))
end
return { gone, unpack(parked) }
