"""Rules for the HTML inside an entry: what readers strip, resolve wrongly, or ought never to be sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from briefingfeed.feeds.rules_table import ERROR, WARNING, Rule

_TAG = re.compile(r'<(/?)([a-zA-Z][^\s/>]*)([^>"]*(?:"[^"]*"[^>"]*)*)>')
_ATTRIBUTE = re.compile(r'([a-zA-Z_:][-\w:.]*)(?:\s*=\s*(?:"([^"]*)"|\'([^\']*)\'|([^\s"\'>]+)))?')
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_POSITION = re.compile(r"(?:^|;)\s*position\s*:", re.IGNORECASE)

_ADDRESSES = frozenset({"action", "background", "cite", "data", "href", "longdesc", "poster", "src", "srcset"})
_RISKS = frozenset(
    {"applet", "base", "embed", "form", "frame", "frameset", "iframe", "input", "link", "meta", "object", "script",
     "style"}
)  # fmt: skip
_VOID = frozenset(
    {"area", "br", "col", "hr", "img", "input", "param", "source", "track", "wbr", "embed", "link", "meta", "base"}
)

_Tag = tuple[str, str, str]


def faults(html: str) -> Iterator[tuple[Rule, str]]:
    """Yield what breaks a rule in an entry's HTML, with words for it. One pass over its tags."""
    open_: list[str] = []
    for closes, written, attributes in _TAG.findall(html):
        name = written.lower()
        if closes:
            if not open_ or open_.pop() != name:
                yield NOT_HTML, f"</{name}> closes what is not open"
                open_.clear()
            continue
        if name in _RISKS:
            yield SECURITY_RISK, f"<{name}>"
        if name not in _VOID and not attributes.endswith("/"):
            open_.append(name)
        if attributes:
            yield from _attributes(name, attributes)
    if open_:
        yield NOT_HTML, f"<{open_[-1]}> is never closed"


def _attributes(tag: str, written: str) -> Iterator[tuple[Rule, str]]:
    for name, double, single, bare in _ATTRIBUTE.findall(written):
        key = name.lower()
        value = double or single or bare
        if key in _ADDRESSES:
            addresses = [part.split()[0] for part in value.split(",") if part.strip()] if key == "srcset" else [value]
            for address in addresses:
                if not _ABSOLUTE.match(address.strip()):
                    yield RELATIVE_ADDRESS, f'<{tag} {key}="{address[:80]}">'
        elif key.startswith("on"):
            yield SECURITY_RISK_ATTRIBUTE, f"<{tag} {key}>"
        elif key == "style" and _POSITION.search(value):
            yield DANGEROUS_STYLE, f"position in the style of <{tag}>"


RELATIVE_ADDRESS = Rule(
    "ContainsRelRef", "10, 11", WARNING, "checklist; W3C", "an address in the text is relative, readers cannot open it"
)
SECURITY_RISK = Rule(
    "SecurityRisk", "15", ERROR, "checklist; W3C", "the text holds what feed readers take for an attack"
)
SECURITY_RISK_ATTRIBUTE = Rule(
    "SecurityRiskAttr", "15", ERROR, "checklist; W3C", "the text holds a script in an attribute"
)
DANGEROUS_STYLE = Rule("DangerousStyleAttr", "15", WARNING, "checklist; W3C", "a style could cover the reader's screen")
NOT_HTML = Rule("NotHtml", None, WARNING, "W3C", "the tags of the text don't match")

RULES = (RELATIVE_ADDRESS, SECURITY_RISK, SECURITY_RISK_ATTRIBUTE, DANGEROUS_STYLE, NOT_HTML)
