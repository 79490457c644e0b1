"""briefingfeed.toml -> `models.Settings`."""

from briefingfeed.config.reading import FILE_NAME, load, read_table

__all__ = ["FILE_NAME", "load", "read_table"]
