"""skillbank: a bank of agent skills and the runtime that compiles and runs them."""
