"""Jobs: records, launching, reconciliation, results."""
