-- An event of a device that changes no state.
-- ARGV: device, type, now (ms)
-- Result: 1
note(ARGV[1], ARGV[3], ARGV[2])
emit({ type = ARGV[2], device = ARGV[1], version = 0, at = tonumber(ARGV[3]) })
return 1
