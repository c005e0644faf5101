-- Takes or renews the right to read the event log for the endpoints; the epoch grows with every reader. A notifier is named
-- `<notifier>#<start>`: what an earlier start of the same one held is taken at once, since its epoch fences it.
-- ARGV: owner, ttl (ms)
-- Result: the epoch · 0 somebody else reads
local owner, ttl = ARGV[1], ARGV[2]
local lease = redis.call("GET", key.reader())
if lease then
  local holder, epoch = string.match(lease, "^(.*)|(%d+)$")
  if holder == owner then
    redis.call("PEXPIRE", key.reader(), ttl)
    return tonumber(epoch)
  end
  local notifier = string.match(owner, "^(.*)#")
  if not notifier or string.match(holder, "^(.*)#") ~= notifier then return 0 end
end
local epoch = redis.call("INCR", key.readings())
redis.call("SET", key.reader(), owner .. "|" .. epoch, "PX", ttl)
return epoch
