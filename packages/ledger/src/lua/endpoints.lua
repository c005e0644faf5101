-- What the scripts of the endpoints share.

-- The two numbers of a place in the event log.
local function place_in_log(cursor)
  local ms, seq = string.match(cursor, "^(%d+)-(%d+)$")
  return tonumber(ms), tonumber(seq)
end

local function earlier(one, other)
  local a, b = place_in_log(one)
  local c, d = place_in_log(other)
  return a < c or (a == c and b < d)
end

-- The last id that the event log gave out, also when its entry is gone.
local function end_of_log()
  if redis.call("EXISTS", key.events()) == 0 then return "0-0" end
  return redis.call("XINFO", "STREAM", key.events())[8]
end

-- Enabled no more: `why` is a stable word that is shown, and told to whoever may hear of it.
local function stop_endpoint(id, state, why, now)
  redis.call("HSET", key.endpoint(id), "state", state, "reason", why, "state_at", now)
  redis.call("HDEL", key.endpoint(id), "failures", "opens", "open_until", "probe", "probe_until")
  local version = redis.call("HINCRBY", key.endpoint(id), "version", 1)
  emit({ type = "webhook." .. state, device = "", version = version, at = now,
    more = '{"webhook_id":"' .. id .. '","reason":"' .. why .. '"}' })
end

local function park_endpoint(id, why, now)
  stop_endpoint(id, "parked", why, now)
end

-- One event for one endpoint is open, from the start; false when it is open already.
local function open_delivery(id, delivery, body, type, now)
  if redis.call("ZADD", key.undelivered(id), "NX", now, delivery) == 0 then return false end
  local record = key.delivery(id, delivery)
  redis.call("ZREM", key.parked(id), delivery)
  redis.call("HSET", record, "state", "open", "type", type, "body", body, "attempts", 0, "at", now)
  redis.call("HDEL", record, "first_at", "next_at", "tried_at", "status", "reason", "took", "excerpt")
  redis.call("PERSIST", record)
  redis.call("ZADD", key.deliveries(id), now, delivery)
  return true
end

-- Forgets the oldest of an index beyond so many; what another index or an open delivery still shows stays.
local function trim_index(id, index, most)
  local surplus = redis.call("ZCARD", index) - most
  if surplus <= 0 then return end
  for _, delivery in ipairs(redis.call("ZRANGE", index, 0, surplus - 1)) do
    redis.call("ZREM", index, delivery)
    if not redis.call("ZSCORE", key.undelivered(id), delivery) and not redis.call("ZSCORE", key.parked(id), delivery)
      and not redis.call("ZSCORE", key.deliveries(id), delivery) then
      redis.call("DEL", key.delivery(id, delivery))
    end
  end
end

-- With all its deliveries; their jobs find nothing and end. Returns 0 when there is none.
local function delete_endpoint(id)
  if redis.call("ZREM", key.endpoints(), id) == 0 then return 0 end
  for _, index in ipairs({ key.deliveries(id), key.parked(id), key.undelivered(id) }) do
    for _, delivery in ipairs(redis.call("ZRANGE", index, 0, -1)) do redis.call("UNLINK", key.delivery(id, delivery)) end
  end
  redis.call("UNLINK", key.endpoint(id), key.deliveries(id), key.parked(id), key.undelivered(id), key.retrying(id), key.inhand(id))
  return 1
end
