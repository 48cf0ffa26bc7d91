"""The embedded engine: a real, small Grounding DINO that keeps the family's command contract."""
