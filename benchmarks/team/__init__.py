"""The parts of `benchmarks.team_server`: clients at work, the store before and after, what is watched."""
