-- The living workers, and the last that are gone.
-- ARGV: ttl (ms), at most so many that are gone
-- Result: {devices, devices without a living lease, {{owner, ms since its heartbeat, lanes} …},
--          {{owner, its last sign of life (ms), "1" it stopped by itself, lanes, first and last taken from it (ms; "" none),
--            {the worker that took, how many, …}} …}}, the latest first
local now = clock()
local living, gone = {}, {}
local function add_gone(owner, at)
  local flat, f, takers = redis.call("HGETALL", key.takers(owner)), {}, {}
  for index = 1, #flat, 2 do
    local to = string.match(flat[index], "^to:(.+)$")
    if to then
      takers[#takers + 1] = to
      takers[#takers + 1] = flat[index + 1]
    else f[flat[index]] = flat[index + 1]
    end
  end
  gone[#gone + 1] = { owner, at, f.stopped or "", f.lanes or redis.call("HGET", key.lanes(), owner) or "0", f.first or "", f.last or "", takers }
end
local found = redis.call("ZREVRANGE", key.workers(), 0, -1, "WITHSCORES")
for index = 1, #found, 2 do
  local silent = now - tonumber(found[index + 1])
  -- One that nobody has missed yet, because nobody else is there.
  if silent >= tonumber(ARGV[1]) then add_gone(found[index], found[index + 1])
  else living[#living + 1] = { found[index], silent, tonumber(redis.call("HGET", key.lanes(), found[index]) or 0) }
  end
end
local departed = redis.call("ZREVRANGE", key.departed(), 0, ARGV[2] - 1, "WITHSCORES")
for index = 1, #departed, 2 do add_gone(departed[index], departed[index + 1]) end
return { redis.call("ZCARD", key.devices()), redis.call("ZCOUNT", key.leases(), "-inf", "(" .. now), living, gone }
