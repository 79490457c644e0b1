"""Post -> HTML pages."""

from briefingfeed.site.addresses import page_file
from briefingfeed.site.building import Site, build_site

__all__ = ["Site", "build_site", "page_file"]
