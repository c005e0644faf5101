-- How a batch moves: a part of the scripts that do it.

-- Gives the rows that were not drawn yet another status. For the event, where they end: which rows.
local function move_rest(id, to, at)
  local record, counts = key.batch(id), key.counts(id)
  local b = redis.call("HMGET", record, "rest", "cursor", "rows", "rowlog")
  if to == b[1] or not UNSETTLED[b[1]] then return nil end
  local code = to == "canceled" and "MESSAGE_CANCELED" or to == "expired" and "MESSAGE_EXPIRED" or nil
  redis.call("HSET", record, "rest", to, "rest_at", at, "rowlog", entry(b[4], to, at, nil, code))
  local undrawn = redis.call("HGET", counts, "undrawn")
  if undrawn == "0" then return nil end
  redis.call("HINCRBY", counts, b[1], "-" .. undrawn)
  redis.call("HINCRBY", counts, to, undrawn)
  if UNSETTLED[to] then return nil end
  redis.call("HINCRBY", counts, "open", "-" .. undrawn)
  redis.call("HSET", counts, "undrawn", "0")
  tally(at, to, tonumber(undrawn))
  -- Rows that were never drawn have no events of their own.
  return '"from_row":' .. b[2] .. ',"to_row":' .. b[3] .. ","
end

-- Ends a batch before its time: what waits in it, and then what was drawn from it and has not left.
local function break_batch(id, state, at, reason)
  if reason ~= "" then redis.call("HSET", key.batch(id), "reason", reason) end
  end_batch(id, state, at, move_rest(id, "canceled", at))
  sweep_from(id, redis.call("HGET", key.batch(id), "cursor") - 1, at)
end
