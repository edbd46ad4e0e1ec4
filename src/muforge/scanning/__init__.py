"""A search for good options: the space, the trials and what they gave. `muforge.search.scan` puts it together."""
