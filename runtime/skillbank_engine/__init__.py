"""The frame of the embedded engines: what trains, measures and exports a model of any family."""
