-- One bounded step of an erasure: looks at some keys, or at some entries of the event log, and erases what holds the person's names.
-- What is written meanwhile is found by the next pass; one that finds nothing is the last.
-- ARGV: operation id, owner, now (ms), how long it is the owner's (ms), at most so many, allowed origins of canceled, of failed,
--       at most so many passes
-- Result: "running" (call again) · "batches" (its rows come first: the caller looks through them)
--         · "rest" (only what `erasing` names is left) · "done" · "busy" (another worker has it) · "absent"
local id, owner, now, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5]
local record = key.operation(id)
local op = {}
local flat = redis.call("HGETALL", record)
for index = 1, #flat, 2 do op[flat[index]] = flat[index + 1] end
if op.state ~= "running" then
  redis.call("ZREM", key.operations(), id)
  return op.state and "done" or "absent"
end
if op.owner and op.owner ~= owner and tonumber(op.leased_until) > now then return "busy" end
if op.part == "batches" or op.part == "rest" then
  redis.call("HSET", record, "owner", owner, "leased_until", now + ARGV[4])
  return op.part
end

local ERASED = "erased"
local names, patterns = {}, {}
local function learn(name)
  names[#names + 1] = name
  -- The whole number: not a part of a longer one.
  patterns[#patterns + 1] = "%f[%d]" .. name .. (string.find(name, "@", 1, true) and "" or "%f[%D]")
end
learn(op.name)
for name in string.gmatch(op.other, "%S+") do learn(name) end
local function holds(text)
  for index, pattern in ipairs(patterns) do
    -- A plain search first: it is many times faster, and mostly finds nothing.
    if string.find(text, names[index], 1, true) and string.find(text, pattern) then return true end
  end
  return false
end
local function blanked(text)
  for _, pattern in ipairs(patterns) do text = string.gsub(text, pattern, ERASED) end
  return text
end
local function is_person(name)
  for _, one in ipairs(names) do
    if name == one then return true end
  end
  return false
end

local looked, found, stayed = 0, 0, 0
local function erase(message)
  local m = load_message(message)
  if m.place ~= "" then
    free_probe(m.device, message)
    if m.left or m.status == "sending" or m.status == "unknown" then
      if may_come_from(m, ARGV[7]) then
        enter(m, { to = "failed", at = now, code = "OUTCOME_UNKNOWN", detail = "its recipient was erased", left = true })
      end
    elseif may_come_from(m, ARGV[6]) then
      enter(m, { to = "canceled", at = now, code = "MESSAGE_CANCELED", detail = "its recipient was erased" })
    end
    if redis.call("HGET", key.message(message), "place") ~= "" then
      stayed = stayed + 1
      return
    end
  end
  if m.media then redis.call("SADD", key.erasing(id), "out " .. m.device .. " " .. m.media) end
  redis.call("ZREM", key.letters(), message)
  redis.call("ZREM", key.due(), "x:" .. message)
  redis.call("DEL", key.receipts(message))
  if m.place == "" then
    redis.call("ZREM", key.outbox(m.device), message)
    redis.call("DEL", key.message(message))
  else
    -- Who waits for it, and who is sending it, must still find its end.
    redis.call("HSET", key.message(message), "recipient", ERASED, "body", '{"kind":"text","text":""}')
    redis.call("HDEL", key.message(message), "ref", "metadata", "media", "quiet", "taken", "expires_at", "sync_until")
    redis.call("PEXPIRE", key.message(message), S.settled_kept_ms)
  end
  found = found + 1
end

-- Media that others carry too, as messages or as what a batch sends to all, is not only the person's.
local mine
local function share(text)
  if not mine then
    mine = {}
    for _, member in ipairs(redis.call("SMEMBERS", key.erasing(id))) do mine[member] = string.match(member, "^out %S+ ([^|]+)|") end
  end
  for member, media in pairs(mine) do
    if string.find(text, media, 1, true) then redis.call("SREM", key.erasing(id), member) end
  end
end

local function clear(zset)
  found = found + redis.call("ZREM", zset, unpack(names))
end
local function drop(one)
  found = found + redis.call("DEL", one)
end
local function drop_delivery(one, endpoint, delivery)
  local waits = redis.call("ZREM", key.undelivered(endpoint), delivery) + redis.call("ZREM", key.parked(endpoint), delivery)
  redis.call("ZREM", key.retrying(endpoint), delivery)
  redis.call("ZREM", key.inhand(endpoint), delivery)
  if redis.call("HGET", key.endpoint(endpoint), "probe") == delivery then redis.call("HDEL", key.endpoint(endpoint), "probe", "probe_until") end
  redis.call("HDEL", one, "body", "next_at", "excerpt")
  if waits > 0 then redis.call("HSET", one, "state", "failed", "reason", ERASED) end
  redis.call("PEXPIRE", one, S.webhook_log_kept_ms)
  found = found + 1
end

-- What a device keeps to write to somebody is named by him: it is negotiated anew when there is something to say again.
local function fields_of(name)
  local user = string.match(name, "^%d+")
  local fields = { "device-list:" .. user, "lid-mapping:" .. user, "lid-mapping:" .. user .. "_reverse",
    "tctoken:" .. user .. "@s.whatsapp.net", "tctoken:" .. user .. "@lid" }
  for device = 0, 99 do
    for _, address in ipairs({ user .. "." .. device, user .. "_1." .. device }) do
      fields[#fields + 1] = "session:" .. address
      fields[#fields + 1] = "identity-key:" .. address
    end
  end
  return fields
end
local function clear_credentials(one)
  for _, name in ipairs(names) do found = found + redis.call("HDEL", one, unpack(fields_of(name))) end
end

-- A LID that we did not know of: the next pass finds what it names.
local function learn_lid(lid)
  if is_person(lid) or not string.find(lid, "^%d+@lid$") then return end
  learn(lid)
  seal(lid, op.salt)
  redis.call("HSET", record, "other", table.concat(names, " ", 2))
end

-- By the kind of the key: what there may hold a name.
local LOOK = {
  message = function(one, message)
    local f = redis.call("HMGET", one, "recipient", "place", "media", "body")
    if is_person(f[1]) then erase(message)
    elseif f[4] and holds(f[4]) then
      -- To others, about the person. What is not settled goes first, and is found when it is.
      if f[2] ~= "" then stayed = stayed + 1
      else
        redis.call("HSET", one, "body", '{"kind":"text","text":""}')
        found = found + 1
      end
    elseif f[3] and op.pass ~= "1" then share(f[3]) end
  end,
  batch = function(one) if op.pass ~= "1" then share(redis.call("HGET", one, "settings") or "") end end,
  received = function(one, rest)
    local text = redis.call("GET", one)
    if not text or not holds(text) then return end
    local told = cjson.decode(text)
    if is_person(told.from) and told.lid then learn_lid(told.lid) end
    local device, message = string.match(rest, "^([^:]+):(.+)$")
    redis.call("ZREM", key.inbox(device), message)
    redis.call("SADD", key.erasing(id), "in " .. device .. " " .. message)
    drop(one)
  end,
  receipts = function(one) found = found + redis.call("HDEL", one, unpack(names)) end,
  idempotency = function(one)
    local answer = redis.call("HGET", one, "answer")
    if not answer or not holds(answer) then return end
    redis.call("HSET", one, "answer", blanked(answer))
    found = found + 1
  end,
  delivery = function(one, rest)
    local told = redis.call("HMGET", one, "body", "excerpt")
    if told[1] and holds(told[1]) then drop_delivery(one, string.match(rest, "^([^:]+):(.+)$"))
    elseif told[2] and holds(told[2]) then found = found + redis.call("HDEL", one, "excerpt") end
  end,
  groups = function(one) if holds(redis.call("GET", one) or "") then drop(one) end end,
  alias = function(one, lid)
    if not is_person(lid) and not is_person(redis.call("GET", one)) then return end
    learn_lid(lid)
    drop(one)
  end,
  credentials = clear_credentials,
  warm = clear,
  trusted = clear,
  spoken = clear,
}

-- What is named by a recipient is about him, but for what his waiting messages hold: that goes with them.
local WITH_MESSAGES = { gate = true, waiting = true, aside = true }
local function look_at_name(one, kind, rest)
  if not WITH_MESSAGES[kind] and is_person(string.match(rest, "[^:]+$")) then drop(one) end
end

local function look_at_keys()
  local scan = redis.call("SCAN", op.cursor, "MATCH", tag .. ":*", "COUNT", limit)
  for _, one in ipairs(scan[2]) do
    local kind, rest = string.match(string.sub(one, #tag + 2), "^(%a+):?(.*)$")
    if LOOK[kind] then LOOK[kind](one, rest) elseif kind then look_at_name(one, kind, rest) end
  end
  looked = #scan[2]
  if scan[1] == "0" then return "events", "-" end
  return "keys", scan[1]
end

local function look_at_events()
  local entries = redis.call("XRANGE", key.events(), op.cursor, "+", "COUNT", limit)
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    for index = 1, #fields, 2 do
      if fields[index] == "more" and holds(fields[index + 1]) then found = found + redis.call("XDEL", key.events(), entry[1]) end
    end
  end
  looked = #entries
  if #entries < tonumber(limit) then return "", "" end
  return "events", "(" .. entries[#entries][1]
end

local part, cursor
if op.part == "keys" then part, cursor = look_at_keys() else part, cursor = look_at_events() end
local in_pass = { found = tonumber(op.found) + found, stayed = tonumber(op.stayed) + stayed }
redis.call("HSET", record, "owner", owner, "leased_until", now + ARGV[4], "part", part, "cursor", cursor,
  "found", digits(in_pass.found), "stayed", digits(in_pass.stayed))
redis.call("HINCRBY", record, "done", found)
redis.call("HINCRBY", record, "skipped", math.max(0, looked - found - stayed))
if part ~= "" then return "running" end

-- The end of a pass. Two at least: the first one learns which media the person's messages carry, the second one who else has it.
if (in_pass.found == 0 and op.pass ~= "1") or tonumber(op.pass) >= tonumber(ARGV[8]) then
  redis.call("HSET", record, "part", "rest", "failed", digits(in_pass.stayed))
  return "rest"
end
redis.call("HSET", record, "part", "keys", "cursor", "0", "pass", digits(tonumber(op.pass) + 1), "found", 0, "stayed", 0)
redis.call("HINCRBY", record, "total", redis.call("DBSIZE") + redis.call("XLEN", key.events()))
return "running"
