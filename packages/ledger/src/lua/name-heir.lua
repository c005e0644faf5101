-- Remembers in a dead letter under which id its content is sent anew, before it is: whoever tries again uses the same one.
-- ARGV: message id, id of the new message
-- Result: the id that counts · "" it is no letter and has no heir
local record = key.message(ARGV[1])
if redis.call("ZSCORE", key.letters(), ARGV[1]) then redis.call("HSETNX", record, "heir", ARGV[2]) end
return redis.call("HGET", record, "heir") or ""
