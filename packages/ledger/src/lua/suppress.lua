-- Writes the suppression list: a part of the scripts `add-suppressions` and `receive`, and of those of an erasure.

-- Puts a recipient on the list. A manual entry takes the place of an opt-out; any other entry that is there stays.
-- Result: "added" · "changed" · "already", and true when something was written
local function suppress(recipient, reason, now, by, note)
  local value = reason .. "|" .. digits(now) .. "|" .. by .. "|" .. note
  local plain = redis.call("HGET", key.suppressed(), recipient)
  -- The same command, sent again.
  if plain == value then return "added", false end
  local found = plain or suppression_of(recipient)
  if found and not (reason == "manual" and string.find(found, "opt_out|", 1, true) == 1) then return "already", false end
  local last = redis.call("ZREVRANGE", key.suppressions(), 0, 0, "WITHSCORES")
  redis.call("HSET", key.suppressed(), recipient, value)
  redis.call("ZADD", key.suppressions(), "NX", digits(tonumber(last[2] or 0) + 1), recipient)
  return found and "changed" or "added", true
end

-- Leaves a digest only of somebody who is on the list. `salt`: used when there is none yet.
local function seal(name, salt)
  local found = redis.call("HGET", key.suppressed(), name)
  if not found then return end
  redis.call("HSETNX", key.sealed(), "salt", salt)
  local digest = redis.sha1hex(redis.call("HGET", key.sealed(), "salt") .. name)
  redis.call("HSET", key.sealed(), digest, string.match(found, "^[a-z_]+|%d+|") .. "|")
  redis.call("HDEL", key.suppressed(), name)
  redis.call("ZREM", key.suppressions(), name)
end
