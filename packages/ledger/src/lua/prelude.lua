-- What every ledger script may use. Before this text stand `key` (the cell's key functions) and `S` (the settings), both generated.

-- A whole number as a text. Observed: Redis takes five times as long to turn a number into the argument of a command as to take a text.
local function digits(number)
  return type(number) == "number" and string.format("%d", number) or number
end

-- One state change: into the event log, and live to whoever listens. All values are ids, enums and numbers; nothing needs escaping, except
-- `more`, a JSON object that only events of some types have. trim-events shortens the log.
local function emit(change)
  local more, message, cursor = change.more, change.message or "", nil
  local at, version, attempt, code = digits(change.at), digits(change.version), digits(change.attempt) or "", change.code or ""
  -- What does not apply may be left out: readers take it as empty.
  if more then
    cursor = redis.call("XADD", key.events(), "*", "type", change.type, "message", message, "device", change.device,
      "version", version, "at", at, "attempt", attempt, "code", code, "more", more)
  elseif code ~= "" then
    cursor = redis.call("XADD", key.events(), "*", "type", change.type, "message", message, "device", change.device,
      "version", version, "at", at, "attempt", attempt, "code", code)
  elseif attempt ~= "" then
    cursor = redis.call("XADD", key.events(), "*", "type", change.type, "message", message, "device", change.device,
      "version", version, "at", at, "attempt", attempt)
  else
    cursor = redis.call("XADD", key.events(), "*", "type", change.type, "message", message, "device", change.device,
      "version", version, "at", at)
  end
  redis.call("PUBLISH", key.status(), '{"cursor":"' .. cursor .. '","type":"' .. change.type ..
    '","message":"' .. message .. '","device":"' .. change.device .. '","version":' .. version ..
    ',"at":' .. at .. ',"attempt":"' .. attempt .. '","code":"' .. code ..
    (more and '","more":' .. cjson.encode(more) .. '}' or '"}'))
end

-- Counts something in the bucket of its time, for the overview: one command. A field is a status, with what is told apart of it
-- behind a bar. `at`: ms.
local function tally(at, field, count)
  at, count = tonumber(at), count or 1
  local start = digits(at - at % S.overview_bucket_ms)
  local bucket = key.pulse(start)
  if redis.call("HINCRBY", bucket, field, digits(count)) == count then redis.call("PEXPIRE", bucket, digits(S.overview_kept_ms)) end
end

-- How long something took, as the number of a slot: four to each doubling of a ms.
local function slot(ms)
  return ms < 1 and "0" or string.format("%d", math.log(ms) * 5.7707801635558535)
end

-- How long (ms) it took to enter this status: an ack since the acceptance (or since the message fell due), a delivery since the ack.
-- `log`: the timeline before.
local function took_of(to, at, log, since)
  if to == "delivered" then since = string.match(log, '"sent",(%d+)')
  elseif to ~= "sent" then since = nil
  end
  return since and math.max(0, tonumber(at) - tonumber(since))
end

-- Under which name a status that is entered is counted: with the time that it took, or with its code.
local function mark_of(to, code, took)
  if took then return to .. "|" .. slot(took) end
  return (to == "failed" or to == "queued") and code and code ~= "" and to .. "|" .. code or to
end

-- Redis' own clock, ms since the epoch: leases of all workers are measured by one clock.
local function clock()
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The fields that count one more message of a lane in this minute, and what the minute before it had. `minute`, `fed`: as they stand.
local function count_minute(now, minute, fed)
  local this = math.floor(now / 60000)
  if tonumber(minute or 0) == this then return "minute_fed", digits(fed + 1) end
  return "minute", digits(this), "minute_fed", "1", "minute_before", tonumber(minute or 0) == this - 1 and fed or "0"
end

-- What became of a device, for whoever asks later: the last hundred entries.
local function note(device, at, ...)
  redis.call("LPUSH", key.history(device), table.concat({ digits(at), ... }, "|"))
  redis.call("LTRIM", key.history(device), 0, 99)
end

-- The record (JSON) of an API key, and whether it was revoked; false when there is none. That it has expired, the API knows by itself.
-- It is noted that the key was used, so seldom that the note costs nothing.
local function look_up_key(digest, now)
  local kept = redis.call("HMGET", key.apikey(digest), "record", "used", "revoked")
  -- A store that is full or read-only still knows its keys.
  if kept[1] and now - tonumber(kept[2] or 0) >= 60000 then redis.pcall("HSET", key.apikey(digest), "used", digits(now)) end
  return kept[1], kept[3]
end

-- Counts requests under an API key in a window of its rate. Result: how many there were before. Where that can't be written,
-- nothing is counted.
local function count_calls(digest, calls, window, number)
  if calls == 0 then return 0 end
  local turn = string.format("%.0f", number)
  local counter = key.rate(digest, turn)
  local used = redis.pcall("INCRBY", counter, digits(calls))
  if type(used) ~= "number" then return 0 end
  if used == calls then redis.call("PEXPIRE", counter, digits(2 * window)) end
  return used - calls
end

-- Asks the owner of the device to look at its lane.
local function wake(device)
  redis.call("PUBLISH", key.wake(), device)
end

-- True when the lease of the device is alive and has this epoch.
local function owns(device, epoch)
  local lease = redis.call("GET", key.lease(device))
  return lease and string.match(lease, "|(%d+)$") == epoch
end

-- One timeline entry, appended to what stands there: JSON arrays joined by commas. `waited`: what the message waited for until then.
local function entry(log, status, at, attempt, code, waited)
  local text = '["' .. status .. '",' .. at
  if not attempt and code and code ~= "" then attempt = "null" end
  if attempt then text = text .. "," .. attempt end
  if code and code ~= "" then text = text .. ',"' .. code .. '"' end
  if waited then text = text .. (attempt and "" or ",null") .. (code and code ~= "" and "" or ',""') .. ',"' .. waited .. '"' end
  if log and log ~= "" then return log .. "," .. text .. "]" end
  return text .. "]"
end

-- A message's fields as a table, with its id; nil when there is none, or when it was withdrawn before it came.
local function load_message(id)
  local flat = redis.call("HGETALL", key.message(id))
  if #flat == 0 then return nil end
  local m = { id = id }
  for index = 1, #flat, 2 do m[flat[index]] = flat[index + 1] end
  m.version = m.version or "1"
  return m.status and m or nil
end

-- The fields that say where a message rests.
local function place_of(id)
  local f = redis.call("HMGET", key.message(id), "device", "gen", "class", "seq", "recipient", "place", "batch")
  return { id = id, device = f[1], gen = f[2], class = f[3], seq = f[4], recipient = f[5], place = f[6], batch = f[7] or nil }
end

local CLASSES = { "otp", "high", "normal", "bulk" }
local CLASS_ORDER = { otp = 0, high = 1, normal = 2, bulk = 3 }
local CLASS_WIDTH = 1125899906842624

-- Orders a recipient's waiting messages by class, then by sequence; within the 53 bits of a score.
local function waiting_score(class, seq)
  return string.format("%.0f", CLASS_ORDER[class] * CLASS_WIDTH + tonumber(seq))
end

-- Its name among what is due: what falls due at once comes back in the order of acceptance.
local function due_member(m)
  return string.format("%016.0f:", tonumber(m.seq)) .. m.id
end

-- The present number of the device: its generation; false when it is deleted.
local function generation(device)
  return redis.call("HGET", key.device(device), "gen")
end

-- Takes a message out of wherever it rests.
local function take_out(m)
  if m.place == "backlog" then redis.call("ZREM", key.backlog(m.device, m.gen, m.class), m.id)
  elseif m.place == "window" then redis.call("HDEL", key.window(m.device), m.id)
  elseif m.place == "waiting" then redis.call("ZREM", key.waiting(m.device, m.recipient), m.id)
  elseif m.place == "held" then redis.call("ZREM", key.held(m.device), m.id)
  elseif m.place == "due" then redis.call("ZREM", key.due(), due_member(m))
  elseif m.place == "parked" then redis.call("ZREM", key.parkedrows(m.batch, m.device), m.id)
  end
  if m.place == "held" or m.place == "due" then redis.call("ZREM", key.aside(m.device, m.recipient), m.id) end
end

-- Puts a message to its place by sequence among those that wait for the lane.
local function to_backlog(m)
  redis.call("ZADD", key.backlog(m.device, m.gen, m.class), m.seq, m.id)
  redis.call("HSET", key.message(m.id), "place", "backlog")
  redis.call("HDEL", key.lane(m.device), "open")
end

-- Lets a message wait for a time; `why` is the reason that its reader is told.
local function to_due(m, at, why)
  redis.call("HSET", key.message(m.id), "place", "due", "next_at", at, "why", why, "waited", why)
  redis.call("ZADD", key.due(), at, due_member(m))
end

-- True when another message than `id` keeps the recipient's gate shut. One of an earlier phone number stands before nobody.
local function is_shut(device, gen, recipient, id)
  for _, other in ipairs(redis.call("SMEMBERS", key.gate(device, recipient))) do
    if other ~= id and redis.call("HGET", key.message(other), "gen") == gen then return true end
  end
  return false
end

-- The earlier message of the recipient, of the same class and number, that was set aside for a time; nil when there is none.
local function set_aside_before(device, gen, recipient, class, score)
  local from = waiting_score(class, 0)
  for _, id in ipairs(redis.call("ZRANGEBYSCORE", key.aside(device, recipient), from, "(" .. score)) do
    if redis.call("HGET", key.message(id), "gen") == gen then return id end
  end
end

-- Where nothing stands before them any more, the first of the recipient's waiting messages comes back to the backlog. What waits
-- there under an earlier phone number comes too, but stands before nobody.
local function let_next_come(device, recipient)
  local waiting = key.waiting(device, recipient)
  if redis.call("EXISTS", waiting) == 0 then return end
  local gen = generation(device)
  if gen and is_shut(device, gen, recipient, "") then return end
  for _, class in ipairs(CLASSES) do
    local from = waiting_score(class, 0)
    local behind = false
    repeat
      local first = redis.call("ZRANGEBYSCORE", waiting, from, "(" .. waiting_score(class, CLASS_WIDTH), "WITHSCORES", "LIMIT", 0, 1)
      local came = first[1] and place_of(first[1])
      behind = came and gen and came.gen == gen and set_aside_before(device, gen, recipient, class, first[2])
      if came and not behind then
        redis.call("ZREM", waiting, first[1])
        if came.device then
          to_backlog(came)
          wake(device)
          if came.gen == gen then return end
        end
      end
    until behind or not came
  end
end

-- The message no longer stands before others of its recipient: the next one that waits behind the gate may come.
local function open_gate(m)
  redis.call("SREM", key.gate(m.device, m.recipient), m.id)
  let_next_come(m.device, m.recipient)
end

-- True when a message of this batch may not go: the batch is paused, or has ended since the message was redriven. What may have left
-- goes on, until its outcome is known.
local function is_batch_still(batch, left, redriven_at)
  if left then return false end
  local b = redis.call("HMGET", key.batch(batch), "state", "ended_at")
  if b[1] == "paused" then return true end
  return (b[1] == "canceled" or b[1] == "abandoned") and not (redriven_at and tonumber(redriven_at) >= tonumber(b[2]))
end

-- The message rests until its batch goes on, and stands before nobody meanwhile.
local function park(m)
  take_out(m)
  redis.call("ZADD", key.parkedrows(m.batch, m.device), m.seq, m.id)
  redis.call("HSET", key.message(m.id), "place", "parked", "waited", "batch_paused")
  open_gate(m)
end

-- What was set aside because its recipient was cold may go: the chat has become warm.
local function come_back_warm(device, id)
  local f = redis.call("HMGET", key.message(id), "place", "why")
  if f[1] ~= "held" and (f[1] ~= "due" or f[2] ~= "budget") then return end
  local m = place_of(id)
  take_out(m)
  redis.call("HDEL", key.message(id), "next_at", "why")
  to_backlog(m)
  wake(device)
end

-- The message does not probe any more whether the account may start chats again: the next one may.
local function free_probe(device, id)
  if redis.call("HGET", key.lane(device), "probe_id") == id then redis.call("HDEL", key.lane(device), "probe_id", "probe_at") end
end

-- What is picked and not sent gives the day its place back. `mark`: what the window holds for it.
local function give_day_back(device, mark)
  local lane = key.lane(device)
  local at, cold = string.match(mark, "|(%d+)|?(%d*)")
  if tonumber(redis.call("HGET", lane, "day") or -1) ~= math.floor(at / 86400000) then return end
  redis.call("HINCRBY", lane, "day_sent", -1)
  if cold == "1" then redis.call("HINCRBY", lane, "day_cold", -1) end
end

-- What was the last to be picked and is set aside unsent gives its turn back too: the next one need not wait for the pace.
local function give_turn_back(device, mark)
  local lane, at = key.lane(device), string.match(mark, "|(%d+)")
  give_day_back(device, mark)
  if redis.call("HGET", lane, "fed_at") == at then redis.call("HSET", lane, "pace_at", at) end
end

-- Gives back what is picked but not in an attempt. Its jobs become ghosts, because the next feed has another number.
-- The gate of a message that may have left stays shut: it is still before the others. `spare`: not what its class was owed.
local function take_window_back(device, spare)
  local window = redis.call("HKEYS", key.window(device))
  for _, id in ipairs(window) do
    local status = redis.call("HGET", key.message(id), "status")
    local mark = redis.call("HGET", key.window(device), id)
    if (status == "queued" or status == "unknown") and not (spare and string.match(mark, "|%d+|%d*|(%d*)$") == "1") then
      local m = place_of(id)
      redis.call("HDEL", key.window(device), id)
      free_probe(device, id)
      to_backlog(m)
      if status == "queued" then open_gate(m) end
      give_day_back(device, mark)
    end
  end
end

-- A living conversation: the recipient gave the device a trust token, or wrote within a day (which counts only while no hold is active).
local function is_warm(device, recipient, now, inbound_counts)
  if string.find(recipient, "@g.us", 1, true) then return true end
  local lid = string.sub(redis.call("GET", key.recipient(recipient)) or "", 3)
  if lid ~= "" and tonumber(redis.call("ZSCORE", key.trusted(device), lid) or 0) > now then return true end
  if not inbound_counts then return false end
  return tonumber(redis.call("ZSCORE", key.warm(device), recipient) or 0) > now
    or (lid ~= "" and tonumber(redis.call("ZSCORE", key.warm(device), lid) or 0) > now)
end

-- WhatsApp called the chat cold, whatever we thought of it.
local function chill(device, recipient)
  local lid = string.sub(redis.call("GET", key.recipient(recipient)) or "", 3)
  redis.call("ZREM", key.warm(device), recipient, lid)
  redis.call("ZREM", key.trusted(device), lid)
end

-- True when anybody at all is on the suppression list: asked once, so that an empty list costs a batch one command.
local function is_anybody_suppressed()
  return redis.call("EXISTS", key.suppressed(), key.sealed()) > 0
end

-- What stands against sending to the recipient: `reason|at|by|note`; nil when nothing does. Who was erased stands there as a digest.
local function suppression_of(recipient)
  local found = redis.call("HGET", key.suppressed(), recipient)
  if found then return found end
  local salt = redis.call("HGET", key.sealed(), "salt")
  return salt and redis.call("HGET", key.sealed(), redis.sha1hex(salt .. recipient)) or nil
end

-- True when a message of this class and body must not go to the recipient: `stops` of the domain, and what deletes for everyone may always go.
local function is_stopped(recipient, class, body)
  local found = suppression_of(recipient)
  if not found or string.find(body, '{"kind":"delete"', 1, true) == 1 then return false end
  return not (class == "otp" and S.opt_out_spares_otp ~= 0 and string.find(found, "opt_out|", 1, true) == 1)
end

-- True when `origins` (",queued,failed:CODE,") names the message's status, alone or with its last code.
local function may_come_from(m, origins)
  return string.find(origins, "," .. m.status .. ",", 1, true)
    or (m.code and string.find(origins, "," .. m.status .. ":" .. m.code .. ",", 1, true))
end

local COUNTED = { "accepted", "invalid", "duplicate", "suppressed", "scheduled", "queued", "sending", "unknown", "sent", "delivered",
  "read", "played", "failed", "expired", "canceled" }
local UNSETTLED = { scheduled = true, queued = true, sending = true, unknown = true }

-- Tells something of a batch, with its counts at this moment. `extra`: more members of the JSON object, each with a comma behind it.
local function tell_batch(id, word, at, extra)
  local b = redis.call("HMGET", key.batch(id), "device", "version", "state")
  local counted = redis.call("HMGET", key.counts(id), unpack(COUNTED))
  for index, name in ipairs(COUNTED) do counted[index] = '"' .. name .. '":' .. (counted[index] or "0") end
  emit({ type = "batch." .. word, device = b[1], version = b[2], at = at, more = '{"batch_id":"' .. id .. '","batch_status":"' .. b[3] ..
    '",' .. (extra or "") .. '"counts":{' .. table.concat(counted, ",") .. "}}" })
end

-- The devices that a batch may be sent from.
local function devices_of(id)
  return cjson.decode(redis.call("HGET", key.batch(id), "devices") or "[]")
end

-- The batch may have rows for the lanes of its devices. `all`: their owners shall look, also where it stood in the ring already.
local function join_rings(id, all)
  local class = redis.call("HGET", key.batch(id), "class")
  for _, device in ipairs(devices_of(id)) do
    local lane, joins = key.lane(device), not redis.call("ZSCORE", key.ring(device, class), id)
    if joins then redis.call("ZADD", key.ring(device, class), redis.call("INCR", key.sequence()), id) end
    -- The lane knows its classes, so that a feed need not look for others.
    local classes = redis.call("HGET", lane, "ring") or ""
    if not string.find(classes, class, 1, true) then redis.call("HSET", lane, "ring", classes .. class .. " ") end
    redis.call("HDEL", lane, "open")
    if joins or all then wake(device) end
  end
end

-- A batch enters a state. `word`: what its event is called; `extra`: as of tell_batch.
local function enter_batch(id, state, word, at, extra)
  redis.call("HSET", key.batch(id), "state", state, "state_at", digits(at))
  redis.call("HINCRBY", key.batch(id), "version", "1")
  tell_batch(id, word, at, extra)
end

-- A batch ends: it is kept for a while.
local function end_batch(id, state, at, extra)
  redis.call("HSET", key.batch(id), "ended_at", digits(at))
  redis.call("ZADD", key.batchdues(), digits(at + S.settled_kept_ms), id)
  for _, device in ipairs(devices_of(id)) do redis.call("ZREM", key.batchesof(device), id) end
  enter_batch(id, state, state, at, extra)
end

-- Ends a batch of which nothing is open, when nothing more will come. True when it did.
local function complete_batch(id, at)
  local f = redis.call("HMGET", key.batch(id), "state", "uploaded_at")
  if not f[2] or (f[1] ~= "ready" and f[1] ~= "running" and f[1] ~= "paused") then return false end
  if redis.call("HGET", key.counts(id), "open") ~= "0" then return false end
  end_batch(id, "completed", at)
  return true
end

-- What was drawn from a batch that has ended, and has not left, ends step by step (sweep-batch), from this row downwards.
local function sweep_from(id, row, at)
  redis.call("HSET", key.batch(id), "sweep", digits(row))
  redis.call("ZADD", key.batchdues(), digits(at), id)
end

-- Once a second at most: counts for whoever watches the batch.
local PROGRESS_MS = 1000
local RATE_WINDOW_MS = 10000

-- Counts a message of a batch from its status to another one, at the entrance of which it may have a code. When nothing is open any
-- more the batch is completed; a message that is redriven opens it again.
local function count_status(m, to, at, code)
  local record = key.counts(m.batch)
  local f = redis.call("HMGET", record, m.status, to, "open", "told_at", "window", "present", "before")
  if m.status == to or not f[3] then return end
  at = tonumber(at)
  local open = f[3] + (UNSETTLED[to] and 1 or 0) - (UNSETTLED[m.status] and 1 or 0)
  local fields = { m.status, digits((f[1] or 0) - 1), to, digits((f[2] or 0) + 1), "open", digits(open) }
  local function also(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if UNSETTLED[m.status] and (to == "sent" or to == "delivered" or to == "read" or to == "played") then
    local window = math.floor(at / RATE_WINDOW_MS)
    local same = f[5] == digits(window)
    also("present", digits(same and f[6] + 1 or 1))
    if not same then
      also("window", digits(window))
      also("before", tonumber(f[5] or 0) == window - 1 and f[6] or "0")
    end
  end
  local told = at - (f[4] or 0) >= PROGRESS_MS
  if told then also("told_at", digits(at)) end
  redis.call("HSET", record, unpack(fields))
  if m.status == "failed" and m.code then redis.call("HINCRBY", record, "code:" .. m.code, "-1") end
  if to == "failed" then redis.call("HINCRBY", record, "code:" .. (code or ""), "1") end
  if open == 0 and complete_batch(m.batch, at) then return end
  if m.status == "sending" and to == "queued" then
    -- What comes back unsent to a batch that has ended meanwhile ends too.
    local b = redis.call("HMGET", key.batch(m.batch), "state", "sweep")
    if b[1] == "canceled" or b[1] == "abandoned" then sweep_from(m.batch, math.max(tonumber(b[2] or 0), tonumber(string.sub(m.id, 16), 16)), at) end
  end
  if UNSETTLED[to] and not UNSETTLED[m.status] and redis.call("HGET", key.batch(m.batch), "state") == "completed" then
    redis.call("HDEL", key.batch(m.batch), "ended_at")
    for _, device in ipairs(devices_of(m.batch)) do redis.call("ZADD", key.batchesof(device), at, m.batch) end
    enter_batch(m.batch, "running", "running", at)
  elseif told then tell_batch(m.batch, "progress", at)
  end
end

-- Enters a status: takes the message out of its place, writes status, timeline, letter index and life time, announces it. The caller
-- has asked may_come_from. `change`: to, at; optional code, detail, left (an attempt may have left), attempts (the new count),
-- and where an unsettled message goes on waiting: due (a time) with why, or backlog = true.
-- Nothing of ours waits any longer when neither is given: the gate opens.
local function enter(m, change)
  take_out(m)
  local record = key.message(m.id)
  local attempts = digits(change.attempts) or m.attempts or "0"
  local shown = attempts ~= "0" and attempts or nil
  local version, at = tonumber(m.version) + 1, digits(change.at)
  redis.call("HSET", record, "status", change.to, "version", digits(version), "place", "", "attempts", attempts,
    "log", entry(m.log, change.to, at, shown, change.code, m.status ~= "scheduled" and m.waited or nil))
  redis.call("HDEL", record, "try", "next_at", "why", "looks", "waited")
  if change.code and change.code ~= "" then
    redis.call("HSET", record, "code", change.code, "detail", change.detail or "", "failed_at", at)
  end
  if change.left and not m.left then redis.call("HSET", record, "left", "1", "left_at", m.tried_at or at) end
  if change.due then to_due(m, change.due, change.why)
  else
    if change.backlog then to_backlog(m) end
    open_gate(m)
  end
  if m.pool then
    if (change.due or change.backlog) and not change.left and not m.left then
      redis.call("ZADD", key.pooled(m.device, m.pool), m.seq, m.id)
    else redis.call("ZREM", key.pooled(m.device, m.pool), m.id)
    end
  end
  if m.status == "failed" then redis.call("ZREM", key.letters(), m.id) end
  if change.to == "failed" then redis.call("ZADD", key.letters(), at, m.id) end
  if change.due or change.backlog or change.to == "failed" then redis.call("PERSIST", record)
  else
    -- The rows of a batch go with it.
    if m.batch then redis.call("PERSIST", record) else redis.call("PEXPIRE", record, digits(S.settled_kept_ms)) end
    if m.expires_at then redis.call("ZREM", key.due(), "x:" .. m.id) end
  end
  emit({ type = "message." .. change.to, message = m.id, device = m.device, version = version, at = at,
    attempt = shown, code = change.code })
  local took = took_of(change.to, at, m.log, m.send_at or m.at)
  tally(at, mark_of(change.to, change.code, took))
  if m.batch then count_status(m, change.to, change.at, change.code) end
  return version, took
end
