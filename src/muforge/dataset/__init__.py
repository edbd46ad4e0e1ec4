"""The data set on disk: production files read once, split by event, one Parquet file per category."""
