"""OPML 2.0: all feeds in one file that a feed reader takes in as subscriptions."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.etree import SubElement, _Element

from briefingfeed.feeds.addresses import ATOM
from briefingfeed.feeds.feed import Document
from briefingfeed.feeds.planning import Plan


def write_opml(plan: Plan) -> bytes:
    """Return the list of all feeds, each once, in Atom: a reader would subscribe to every format that is named."""
    opml = etree.Element("opml", version="2.0")
    head = SubElement(opml, "head")
    SubElement(head, "title").text = plan.everything.feed.title
    SubElement(head, "ownerName").text = plan.everything.feed.publisher
    body = SubElement(opml, "body")
    _add(body, [each for each in (plan.everything, plan.open_calls, plan.editions) if each])
    for name, documents in (("Topics", plan.topics), ("Authors", plan.authors)):
        if documents:
            _add(SubElement(body, "outline", text=name), documents)
    return etree.tostring(opml, pretty_print=True, encoding="UTF-8", xml_declaration=True)


def _add(parent: _Element, documents: Iterable[Document]) -> None:
    for document in documents:
        feed = document.feed
        SubElement(
            parent,
            "outline",
            type="rss",
            text=feed.title,
            title=feed.title,
            xmlUrl=document.address(ATOM),
            htmlUrl=feed.home,
            language=feed.language,
        )
