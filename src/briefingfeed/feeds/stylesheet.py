"""What makes a feed readable in a browser: a stylesheet in CSS. XSLT is on its way out of browsers."""

from __future__ import annotations

from lxml import etree
from lxml.etree import _ProcessingInstruction

FEED_STYLESHEET = "assets/feed.css"
"""Its address never changes, whatever is in it: a new look is no reason for every reader to fetch a feed anew."""


def stylesheet_instruction(path: str) -> _ProcessingInstruction:
    """Return what stands before the root of the document at `path`, or in that folder, below the output folder.

    The address is relative, so that it is right wherever the site is looked at. Feed readers pass over it.
    """
    root = "../" * path.count("/")
    return etree.ProcessingInstruction("xml-stylesheet", f'type="text/css" href="{root}{FEED_STYLESHEET}"')
