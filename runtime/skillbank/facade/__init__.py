"""The parts of `skillbank.runtime.Runtime`, one subject each."""
