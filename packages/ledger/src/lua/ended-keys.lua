-- Which of these API keys are revoked, or no longer kept. Expired ones are kept a while: whoever asks knows their end.
-- ARGV: key ids
-- Result: the ids of those that have ended
local out = {}
for _, id in ipairs(ARGV) do
  local member = redis.call("ZRANGEBYLEX", key.apikeys(), "[" .. id .. ":", "(" .. id .. ";", "LIMIT", 0, 1)[1]
  local record = member and key.apikey(string.sub(member, #id + 2))
  if not record or redis.call("HEXISTS", record, "record") == 0 or redis.call("HEXISTS", record, "revoked") == 1 then
    out[#out + 1] = id
  end
end
return out
