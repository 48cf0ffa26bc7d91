"""A language model that somebody configured: what speaks to its endpoint, and requests read by it."""
