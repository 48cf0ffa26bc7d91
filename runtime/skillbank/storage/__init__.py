"""Data: URIs, archives, staging."""
