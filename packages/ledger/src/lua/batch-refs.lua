-- What must not come twice: a part of the scripts `append-chunk` and `find-refs`. An index is kept in small hashes; what stands there
-- counts as long as its message is kept.

local alive = {}

-- The message that has this digest, as its eighteen hex digits; nil when it is free. What a rejected batch had is free, and so is what is not kept any more.
local function holder(scope, bucket, digest)
  local id = redis.call("HGET", key.refs(scope, bucket), digest)
  if not id then return nil end
  local batch = "bat_" .. string.sub(id, 1, 11)
  if alive[batch] == nil then
    local f = redis.call("HMGET", key.batch(batch), "state", "reason")
    alive[batch] = f[1] and f[2] ~= "rows_refused" and "kept" or "gone"
  end
  if alive[batch] == "kept" or redis.call("EXISTS", key.message("3EB0" .. id)) == 1 then return id end
end
