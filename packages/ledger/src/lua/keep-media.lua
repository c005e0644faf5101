-- Gives media its record, once: who comes later keeps what is there.
-- ARGV: media id, record (JSON), kept until (ms)
-- Result: the record that counts
local kept = redis.call("GET", key.media(ARGV[1]))
if kept then return kept end
redis.call("SET", key.media(ARGV[1]), ARGV[2])
redis.call("ZADD", key.mediaends(), ARGV[3], ARGV[1])
return ARGV[2]
