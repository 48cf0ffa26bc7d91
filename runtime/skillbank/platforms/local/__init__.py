"""Programs on this machine, beside the process that launches them."""
