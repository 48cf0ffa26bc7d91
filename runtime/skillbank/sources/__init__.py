"""Banks from anywhere: folders, archives and git repositories, copied into the home and never run on the way."""
