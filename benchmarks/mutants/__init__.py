"""The parts of `benchmarks.mutants`: faults, the tests that see them, and runs of these tests in forks."""
