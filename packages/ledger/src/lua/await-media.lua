-- The message in hand waits outside the lane until its media is at WhatsApp; its recipient stays gated. Nothing else changes, so that
-- a death in between costs only another look.
-- ARGV: device, epoch, message id, feed, another look then (ms), 1 when work on its media begins now, 0 when it is under way
-- Result: {"waits", how often work began} · {"ghost"} · {"fenced"}
local device, epoch, id, feed, at, begins = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not owns(device, epoch) then return { "fenced" } end
local m = load_message(id)
if not m then return { "ghost" } end
-- The same command, sent again.
if m.place == "due" and m.why == "media" and m.next_at == at and m.feed == feed then return { "waits", m.looks } end
local window = redis.call("HGET", key.window(device), id)
if not window or string.match(window, "^(%d+)|") ~= feed then return { "ghost" } end
if m.status ~= "queued" and m.status ~= "unknown" then return { "ghost" } end
take_out(m)
give_turn_back(device, window)
free_probe(device, id)
to_due(m, at, "media")
return { "waits", redis.call("HINCRBY", key.message(id), "looks", begins) }
