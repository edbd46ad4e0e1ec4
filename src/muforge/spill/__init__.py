"""From four trained categories to a spill: Poisson counts, chunks with addresses, shards of files."""
