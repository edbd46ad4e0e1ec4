"""What a file of muons, a bundle or a data set is: everything that it says of itself, without reading its muons."""

from muforge.about.bundle import BundleAbout
from muforge.about.dataset import DatasetAbout
from muforge.about.file import FileAbout
from muforge.about.which import About, about

__all__ = ["About", "BundleAbout", "DatasetAbout", "FileAbout", "about"]
