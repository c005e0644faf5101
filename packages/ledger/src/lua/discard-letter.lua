-- Takes a dead letter off the index; the message stays readable as long as any settled one.
-- ARGV: message id
-- Result: 1 · 0 it is no letter
if redis.call("ZREM", key.letters(), ARGV[1]) == 0 then return 0 end
redis.call("PEXPIRE", key.message(ARGV[1]), S.settled_kept_ms)
return 1
