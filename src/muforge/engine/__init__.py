"""The compiled engine: from the address of a muon to its columns, sixteen muons at a time."""
