"""Reading, checking, transforming and batching of data sets."""
