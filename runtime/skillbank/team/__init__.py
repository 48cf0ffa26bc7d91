"""Who acts, what they may do, and what was done: the persons of a server that a team shares."""
