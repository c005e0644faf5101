-- Counts the failed sign-ins of an address in a window that begins with the first one.
-- ARGV: digest of the address, window (ms), 1 one more · -1 one was none
-- Result: failures of this window, ms to its end
local counter = key.signins(ARGV[1])
local used = tonumber(redis.call("GET", counter) or "0") + tonumber(ARGV[3])
if used <= 0 then
  redis.call("DEL", counter)
  return { 0, 0 }
end
local left = redis.call("PTTL", counter)
if left <= 0 then left = tonumber(ARGV[2]) end
redis.call("SET", counter, used, "PX", left)
return { used, left }
