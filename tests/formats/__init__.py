"""Tests of `muforge.formats`."""
