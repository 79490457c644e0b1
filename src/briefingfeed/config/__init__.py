"""briefingfeed.toml -> `models.Settings`."""

from briefingfeed.config.reading import FILE_NAME, load, place_of, read_table

__all__ = ["FILE_NAME", "load", "place_of", "read_table"]
