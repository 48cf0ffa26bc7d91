"""What may run: signatures, what a person said of a bank, audits, where banks come from, the one gate."""
