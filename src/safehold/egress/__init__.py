"""The only home of outbound network: which addresses may be reached, and the client that reaches them."""
