"""A bank for other ecosystems: what their installers read, made from one description; and new skills."""
