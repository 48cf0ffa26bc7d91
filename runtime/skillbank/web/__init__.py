"""The page: find objects in a picture by describing them; look at jobs and experiments."""
