-- Which of these are taken.
-- ARGV: index, then for each: bucket, digest
-- Result, for each: the message id, less its first four characters · "" it is free
local found = {}
for at = 2, #ARGV, 2 do found[#found + 1] = holder(ARGV[1], ARGV[at], ARGV[at + 1]) or "" end
return found
