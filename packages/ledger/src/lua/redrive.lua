-- Sends a dead letter again under its own id: as new when it has not left, for reconciliation when it may have.
-- ARGV: message id, now (ms), edited body (JSON) or "", allowed origins, what that body carries ("<media id>|<kind>") or ""
-- Result: {"redriven", version} · {"not-a-letter"} · {"possible"} (it may have left: an edit would be a second message)
--         · {"other-identity"} (it may have left under another phone number) · {"no-device"} · {"absent"}
local m = load_message(ARGV[1])
if not m then return { "absent" } end
return redrive_letter(m, tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5])
