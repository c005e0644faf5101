-- What the user changes of a pool.
-- ARGV: pool, now (ms), name or "", strategy or "", devices … (none: as they are)
-- Result: {"edited"} · {"absent"} · {"no-device", the first that there is not}
local pool, now, name, strategy = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local record = key.pool(pool)
if redis.call("EXISTS", record) == 0 then return { "absent" } end
local devices = { unpack(ARGV, 5) }
local missing = missing_device(devices)
if missing then return { "no-device", missing } end
if name ~= "" then redis.call("HSET", record, "name", name) end
if strategy ~= "" then redis.call("HSET", record, "strategy", strategy) end
if #devices > 0 then
  local before = pool_devices(pool)
  set_devices(pool, devices, now)
  for _, device in ipairs(before) do
    if redis.call("SISMEMBER", key.poolsof(device), pool) == 0 then look_for_returns(device, pool, now) end
  end
end
return { "edited" }
