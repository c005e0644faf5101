-- What the user changes of a pool.
-- ARGV: pool, name or "", strategy or "", devices … (none: as they are)
-- Result: {"edited"} · {"absent"} · {"no-device", the first that there is not}
local pool, name, strategy = ARGV[1], ARGV[2], ARGV[3]
local record = key.pool(pool)
if redis.call("EXISTS", record) == 0 then return { "absent" } end
local devices = { unpack(ARGV, 4) }
local missing = missing_device(devices)
if missing then return { "no-device", missing } end
if name ~= "" then redis.call("HSET", record, "name", name) end
if strategy ~= "" then redis.call("HSET", record, "strategy", strategy) end
if #devices > 0 then set_devices(pool, devices) end
return { "edited" }
