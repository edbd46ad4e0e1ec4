"""Figures of studies, a module for each: `figures(details)` gives a list of `StudyFigure`."""
