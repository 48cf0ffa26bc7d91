"""Banks from anywhere: folders, archives, git repositories, copied into the home and never run on the way."""
