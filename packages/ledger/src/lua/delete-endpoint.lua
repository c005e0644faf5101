-- Deletes an endpoint with all its deliveries. Their jobs find nothing and end.
-- ARGV: endpoint
-- Result: 1 · 0 there is none
return delete_endpoint(ARGV[1])
