-- Takes a dead letter off the index; the message stays readable as long as any settled one.
-- ARGV: message id
-- Result: 1 · 0 it is no letter
return discard_letter(ARGV[1]) and 1 or 0
