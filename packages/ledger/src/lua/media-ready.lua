-- The media of a message is at WhatsApp: the message goes back to its place in the backlog.
-- ARGV: device, epoch, message id
-- Result: 1 when it had waited for that, else 0
local device, epoch, id = ARGV[1], ARGV[2], ARGV[3]
if not owns(device, epoch) then return 0 end
local m = load_message(id)
if not m or m.device ~= device or m.place ~= "due" or m.why ~= "media" then return 0 end
take_out(m)
redis.call("HDEL", key.message(id), "next_at", "why", "looks")
to_backlog(m)
wake(device)
return 1
