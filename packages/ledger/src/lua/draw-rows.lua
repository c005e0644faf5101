-- Draws the next rows of a batch into the backlog of their class: what was packed becomes messages. As the owner of the device that asks.
-- ARGV: 1 device, 2 epoch, 3 now (ms), 4 batch, 5 the first row that was not drawn, 6 the first one that is not drawn afterwards,
--       7 the edition of the rows that was read,
--       8 of a pool's batch the states in which devices give back (",logged_out,blocked,"), else "", 9 how many devices follow: who gets
--       rows of recipients without a tie to a device of the pool, one after the other,
--       then for each accepted row between them: row, recipient, body (JSON), client ref or "", metadata (JSON) or "",
--       what it carries ("<media id>|<kind>") or ""
-- Result: {"drawn"} · {"moved"} (another draw came first, or it does not give any now) · {"fenced"}
local device, epoch, now, id, from, to = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local FIELDS, FIRST = 6, 10 + ARGV[9]
if not owns(device, epoch) then return { "fenced" } end
local b = redis.call("HMGET", key.batch(id), "state", "cursor", "rows", "gen", "class", "key", "at", "rowlog", "quiet", "expires_at",
  "rest", "drawn", "send_at", "pool", "edition")
local mark = device .. "|" .. epoch .. "|" .. from
if b[2] == to and b[12] == mark then return { "drawn" } end -- the same command, sent again
if b[1] ~= "running" or b[11] ~= "queued" or b[2] ~= from or tonumber(to) > b[3] + 1 or (b[15] or "0") ~= ARGV[7] then return { "moved" } end
local gen, class = generation(device), b[5]
if not gen or (b[4] ~= "" and b[4] ~= gen) or redis.call("EXISTS", key.parkedrows(id, device)) == 1 then return { "moved" } end

-- Where the rows of a pool's batch go. A row whose device has parked ones to bring back first is drawn another time, with all that follow.
local here, takers, stop = { device = device, gen = gen }, {}, #ARGV
local pool = b[14]
if pool then
  local dealt = 9
  local choose = pool_chooser(pool, tonumber(now), ARGV[8], function(is_living)
    while dealt + 1 < FIRST do
      dealt = dealt + 1
      if is_living(ARGV[dealt]) then return ARGV[dealt] end
    end
    return device
  end)
  if redis.call("SISMEMBER", key.poolsof(device), pool) == 0 then return { "moved" } end
  for at = FIRST, #ARGV, FIELDS do
    local taker = choose(ARGV[at + 1])
    if redis.call("EXISTS", key.parkedrows(id, taker)) == 1 then
      to, stop = ARGV[at], at - 1
      break
    end
    takers[at] = taker == device and here or { device = taker, gen = generation(taker) }
  end
  if stop < FIRST and to ~= ARGV[6] then return { "moved" } end
end

-- The first write: without room in Redis it is the one that is refused.
redis.call("HSET", key.batch(id), "cursor", to, "drawn", mark)
local prefix = "3EB0" .. string.sub(id, 5)
local woken = {}
local leavers = redis.call("EXISTS", key.exits(id)) == 1
local seq, drawn = tonumber(redis.call("INCRBY", key.sequence(), digits(#ARGV))) - #ARGV, 0
for at = FIRST, stop, FIELDS do
  local row = ARGV[at]
  local exit = leavers and redis.call("HGET", key.exits(id), row)
  local edited = exit and string.match(exit, "^body|(.*)$")
  if not exit or edited then
    local message = prefix .. string.format("%07X", tonumber(row))
    local turn, taker = digits(seq + at), takers[at] or here
    local fields = { "status", "queued", "version", string.find(b[8], "scheduled", 1, true) and "2" or "1", "device", taker.device, "gen", taker.gen,
      "recipient", ARGV[at + 1], "body", edited or ARGV[at + 2], "class", class, "seq", turn, "key", b[6], "at", b[7], "place", "backlog", "log", b[8],
      "batch", id }
    local function also(name, value)
      if value and value ~= "" then
        fields[#fields + 1] = name
        fields[#fields + 1] = value
      end
    end
    also("ref", ARGV[at + 3])
    also("metadata", ARGV[at + 4])
    also("media", ARGV[at + 5])
    also("quiet", b[9])
    also("expires_at", b[10])
    also("send_at", b[13])
    also("pool", pool)
    redis.call("HSET", key.message(message), unpack(fields))
    redis.call("ZADD", key.outbox(taker.device), turn, message)
    redis.call("ZADD", key.backlog(taker.device, taker.gen, class), turn, message)
    if pool then
      stick_to(pool, ARGV[at + 1], taker.device)
      redis.call("ZADD", key.pooled(taker.device, pool), turn, message)
      woken[taker.device] = taker ~= here or nil
    end
    if b[10] then redis.call("ZADD", key.due(), b[10], "x:" .. message) end
    drawn = drawn + 1
  end
end
if drawn > 0 then redis.call("HINCRBY", key.counts(id), "undrawn", digits(-drawn)) end
redis.call("HDEL", key.lane(device), "open")
for other in pairs(woken) do
  redis.call("HDEL", key.lane(other), "open")
  wake(other)
end
-- The others of the ring have their turn first.
if tonumber(to) > tonumber(b[3]) then redis.call("ZREM", key.ring(device, class), id)
else redis.call("ZADD", key.ring(device, class), redis.call("INCR", key.sequence()), id)
end
return { "drawn" }
