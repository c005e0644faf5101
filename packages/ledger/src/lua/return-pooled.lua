-- Gives what stands with a device back to its pool, when the device is gone, has left the pool, or can't send until somebody pairs it.
-- What may have left stays, and so does what is in an attempt, with all that waits behind it. One bounded step; the next one goes on at
-- the cursor.
-- ARGV: 1 device, 2 pool, 3 now (ms), 4 cursor (a sequence; "0" at the beginning), 5 at most so many, 6 the next look (ms),
--       7 states that give back (",logged_out,blocked,"), 8 1 when the devices that follow live, else 0 (only what stands with a device
--       that is gone goes to them), 9 … devices for recipients without a tie, one after the other
-- Result: {moved, next cursor, or "" at the end}
local device, pool, now, cursor, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local member = device .. "|" .. pool
local index = key.pooled(device, pool)

local d = redis.call("HMGET", key.device(device), "gen", "state")
local gone = not d[1]
local silent = gone or string.find(ARGV[7], "," .. d[2] .. ",", 1, true)
local belongs = redis.call("SISMEMBER", key.poolsof(device), pool) == 1

-- There is nothing to do here, and until something happens to device or pool there will be nothing.
local function rest()
  redis.call("ZREM", key.returns(), member)
  redis.call("SREM", key.leaving(device), pool)
  return { 0, "" }
end
if belongs and not silent then return rest() end
if #ARGV < 9 or (ARGV[8] == "0" and not gone) then
  if not belongs and (#ARGV < 9 or redis.call("EXISTS", index) == 0) then return rest() end
  redis.call("ZADD", key.returns(), ARGV[6], member)
  return { 0, "" }
end
-- Nothing of it goes any more: what is picked is in its place.
if silent then take_window_back(device) end

local dealt = 8
local choose = pool_chooser(pool, now, ARGV[7], function()
  for _ = 9, #ARGV do
    dealt = dealt < #ARGV and dealt + 1 or 9
    if redis.call("SISMEMBER", key.poolsof(ARGV[dealt]), pool) == 1 then return ARGV[dealt] end
  end
end, device)
-- Behind one that is in an attempt, or picked by a device that goes on. An attempt of a device that is gone won't come back.
local function is_behind_attempt(m)
  if gone then return false end
  for _, id in ipairs(redis.call("SMEMBERS", key.gate(device, m.recipient))) do
    local f = redis.call("HMGET", key.message(id), "status", "place")
    if f[1] == "sending" or (f[2] == "window" and id ~= m.id) then return true end
  end
end

local moved, looked = 0, 0
local page = redis.call("ZRANGEBYSCORE", index, "(" .. cursor, "+inf", "WITHSCORES", "LIMIT", 0, limit)
for at = 1, #page, 2 do
  local m = load_message(page[at])
  looked, cursor = looked + 1, page[at + 1]
  if not m or m.device ~= device or m.pool ~= pool or m.left then redis.call("ZREM", index, page[at])
  elseif (m.status == "queued" or m.status == "scheduled") and m.place ~= "window" and not is_behind_attempt(m) then
    local to = choose(m.recipient)
    if to then
      stick_to(pool, m.recipient, to)
      move_to(m, to, now)
      moved = moved + 1
    end
  end
end
if looked == limit then return { moved, cursor } end
if gone or (not belongs and redis.call("EXISTS", index) == 0) then rest()
else redis.call("ZADD", key.returns(), ARGV[6], member)
end
return { moved, "" }
