"""Data sets as people have them: recognised, read, checked, repaired, converted, split and shown."""
