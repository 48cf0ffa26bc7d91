"""Jobs as containers of a Docker engine."""
