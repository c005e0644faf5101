-- Erases the credentials of a device: after a logout, or when WhatsApp says that the device is unlinked.
-- ARGV: device, epoch
-- Result: 1 · 0 fenced
if not owns(ARGV[1], ARGV[2]) then return 0 end
redis.call("DEL", key.credentials(ARGV[1]))
-- A pairing that finds none is no surprise from now on.
redis.call("HSET", key.device(ARGV[1]), "erased", 1)
return 1
