-- Cancels a message that has not left.
-- ARGV: message id, now (ms), allowed origins
-- Result: {"canceled", version} · {"refused", status} · {"absent"}
local m = load_message(ARGV[1])
if not m then return { "absent" } end
-- The same command, sent again.
if m.status == "canceled" and m.failed_at == ARGV[2] then return { "canceled", m.version } end
-- In hand, its attempt may begin any moment: the window entry goes with it, and the fence refuses the job.
if m.left or not may_come_from(m, ARGV[3]) then return { "refused", m.status } end
free_probe(m.device, m.id)
return { "canceled", enter(m, { to = "canceled", at = tonumber(ARGV[2]), code = "MESSAGE_CANCELED", detail = "" }) }
