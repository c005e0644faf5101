-- One bounded step of an operation: the letters, what is done with them, the place to go on at and the counts, all or nothing.
-- Newest first; `at` and `id` are the place of the last letter seen.
-- ARGV: operation id, owner, now (ms), how long it is the owner's (ms), at most so many letters, allowed origins of a redrive,
--       codes after which a message may have left (",CODE,")
-- Result: "running" (call again) · "anew" (send what stands in `anew` as new messages first, then call again) · "done" · "busy" (another worker has it) · "absent"
local id, owner, now, limit = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local record = key.operation(id)
local op = {}
local flat = redis.call("HGETALL", record)
for index = 1, #flat, 2 do op[flat[index]] = flat[index + 1] end
if op.state ~= "running" then
  redis.call("ZREM", key.operations(), id)
  return op.state and "done" or "absent"
end
if op.owner and op.owner ~= owner and tonumber(op.leased_until) > now then return "busy" end

-- The place may have no letter any more: stand there for a moment to learn its rank.
local marked = redis.call("ZADD", key.letters(), "NX", op.at, op.id) == 1
local start = redis.call("ZREVRANK", key.letters(), op.id)
if marked then redis.call("ZREM", key.letters(), op.id) else start = start + 1 end
local letters = redis.call("ZREVRANGE", key.letters(), start, start + limit - 1, "WITHSCORES")

local function is_possible(code, left)
  return left == "1" or (string.find(ARGV[7], "," .. (code or "") .. ",", 1, true) and true or false)
end
local chosen
if op.ids and op.ids ~= "" then
  chosen = {}
  for _, one in ipairs(cjson.decode(op.ids)) do chosen[one] = true end
end
local allowed
if op.devices ~= "" then
  allowed = {}
  for _, device in ipairs(cjson.decode(op.devices)) do allowed[device] = true end
end
-- The ids of a batch's messages have eleven characters of its own in common.
local batch = op.batch and op.batch ~= "" and string.sub(op.batch, 5)
local function wanted(letter)
  if chosen and not chosen[letter] then return false end
  if batch and string.sub(letter, 5, 15) ~= batch then return false end
  local f = redis.call("HMGET", key.message(letter), "device", "code", "left")
  if op.effect and op.effect ~= "" and (op.effect == "possible") ~= is_possible(f[2], f[3]) then return false end
  return f[1] and (op.device == "" or f[1] == op.device) and (op.code == "" or f[2] == op.code) and (not allowed or allowed[f[1]])
end
local counts = { done = tonumber(op.done), failed = tonumber(op.failed), skipped = tonumber(op.skipped) }
local function count(what) counts[what] = counts[what] + 1 end
local finished = #letters < 2 * limit
for index = 1, #letters, 2 do
  local letter, at = letters[index], letters[index + 1]
  if op.since ~= "" and tonumber(at) < tonumber(op.since) then
    finished = true
    break
  end
  op.at, op.id = at, letter
  if not wanted(letter) then count("skipped")
  elseif op.kind == "discard" then
    discard_letter(letter)
    count("done")
  elseif op.anew == "1" and is_possible(unpack(redis.call("HMGET", key.message(letter), "code", "left"))) then
    redis.call("SADD", key.anew(id), letter)
  else
    local result = redrive_letter(load_message(letter), now, "", ARGV[6])
    if result[1] == "redriven" then count("done")
    else
      count("failed")
      redis.call("HINCRBY", record, "refused:" .. result[1], 1)
    end
  end
end
redis.call("HSET", record, "at", op.at, "id", op.id, "done", counts.done, "failed", counts.failed, "skipped", counts.skipped,
  "owner", owner, "leased_until", now + ARGV[4])
if redis.call("EXISTS", key.anew(id)) == 1 then return "anew" end
if not finished then return "running" end
redis.call("HSET", record, "state", "done", "finished_at", now, "total", counts.done + counts.failed + counts.skipped)
redis.call("ZREM", key.operations(), id)
redis.call("PEXPIRE", record, S.settled_kept_ms)
return "done"
