"""The whole chain on data that the package carries."""
