-- Pools: a part of the scripts that change them.

-- The devices of a pool, in the order of its user; none when there is no such pool.
local function pool_devices(pool)
  local devices = redis.call("HGET", key.pool(pool), "devices")
  return devices and cjson.decode(devices) or {}
end

-- The first of these devices that there is not.
local function missing_device(devices)
  for _, device in ipairs(devices) do
    if redis.call("HEXISTS", key.device(device), "gen") == 0 then return device end
  end
end

-- From now on the pool has these devices.
local function set_devices(pool, devices)
  for _, device in ipairs(pool_devices(pool)) do redis.call("SREM", key.poolsof(device), pool) end
  -- An empty table is an object to cjson.
  redis.call("HSET", key.pool(pool), "devices", #devices > 0 and cjson.encode(devices) or "[]")
  for _, device in ipairs(devices) do redis.call("SADD", key.poolsof(device), pool) end
end

-- A device that is deleted leaves its pools.
local function leave_pools(device)
  for _, pool in ipairs(redis.call("SMEMBERS", key.poolsof(device))) do
    local others = {}
    for _, other in ipairs(pool_devices(pool)) do
      if other ~= device then others[#others + 1] = other end
    end
    set_devices(pool, others)
  end
end
