"""The exception hierarchy. The command line turns each into one line and an exit code."""

from __future__ import annotations


class MuforgeError(Exception):
    """Base of every error that muforge raises on purpose: its text names the thing and what to do."""

    exit_code = 1


class InputFileError(MuforgeError):
    """A file cannot be read as muons: not a known format, damaged, empty, or a branch is missing."""


class SampleError(MuforgeError):
    """The values are not a sample of muons: NaN, wrong shape, weights that sum to zero, no rows."""


class OutputError(MuforgeError):
    """An output cannot be written: it exists, is a directory, or the disk is full."""


class NoSpaceError(OutputError):
    """The disk is full, or the user's quota. Trying again does not help."""


class FarmError(MuforgeError):
    """Workers cannot be had or lack what they need: no scheduler, a refused job, a directory that they do not see."""


class DatasetError(MuforgeError):
    """A directory is not a data set, or a data set lacks what is asked of it."""


class RepresentationError(MuforgeError):
    """A representation cannot be fitted to the data, or does not fit the columns given."""


class ConfigError(MuforgeError):
    """An option or a configuration file is not valid."""


class TrainingError(MuforgeError):
    """Training cannot go on: a damaged checkpoint, another configuration, a loss that is not finite."""


class SimulationError(MuforgeError):
    """The reference simulation cannot run or go on: an extra is missing, Pythia fails, another run's chunks."""


class BundleError(MuforgeError):
    """A bundle is damaged, incomplete, of an unknown version, or does not match what is asked of it."""


class OtherRankFailed(MuforgeError):
    """Another of the processes that train together failed first and says why; nothing more needs to be said."""


class Interrupted(MuforgeError):
    """The user interrupted (SIGINT). The text says what is kept; the same command goes on."""

    exit_code = 130
