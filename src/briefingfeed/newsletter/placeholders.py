"""Where a copy differs from the others: the stand-ins in rendered text, and the values that take their place.

A stand-in is an ordinary https address, so that it comes through Jinja, premailer and libxml2 unchanged. Its host is
made from everything else the mail says: no post can contain it, by chance or on purpose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

import idna

from briefingfeed.errors import BriefingfeedError
from briefingfeed.models.edition import Rendition, SlotName, SlotValues
from briefingfeed.posts.links import ascii_address

Placeholders = Mapping[SlotName, str]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9.-]+")
_FORMS = {
    SlotName.ADDRESS: _ADDRESS,
    SlotName.MESSAGE_ID: re.compile(r"<[!-;=?-~]+@[A-Za-z0-9.-]+>"),
    SlotName.UNSUBSCRIBE_URL: re.compile(r"https?://[!#-;=?-~]+"),
    SlotName.UNSUBSCRIBE_TOKEN: re.compile(r"[A-Za-z0-9._-]+"),
}
_UNSUBSCRIBE = re.compile(r"<(?P<url>[^<>]+)>(?:, <mailto:[^<>?]+\?subject=(?P<token>[^<>]+)>)?")
_LONGEST = 500
"""Characters; with the header's name the line stays below the 998 octets of RFC 5322."""


class SlotValueError(BriefingfeedError, ValueError):
    """A value cannot stand in a message: only this recipient's copy fails. The message does not repeat the value."""


def placeholders_for(*contents: str) -> Placeholders:
    """Return a stand-in for each slot that occurs in none of `contents`. The same contents give the same stand-ins."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content.encode("utf-8", "surrogatepass") + b"\0")
    host = f"{digest.hexdigest()[:24]}.invalid"
    return MappingProxyType({name: f"https://{host}/{name}" for name in SlotName})


def placeholders_of(rendition: Rendition) -> Placeholders:
    """Return the stand-ins that a rendition was made with, from its header fields; those of slots that it has."""
    headers = dict(rendition.headers)
    unsubscribe = _UNSUBSCRIBE.fullmatch(headers["List-Unsubscribe"])
    if unsubscribe is None:
        raise ValueError("this rendition's List-Unsubscribe is not one of ours")
    found = {
        SlotName.ADDRESS: headers["To"],
        SlotName.MESSAGE_ID: headers["Message-ID"],
        SlotName.UNSUBSCRIBE_URL: unsubscribe["url"],
    }
    if unsubscribe["token"]:
        found[SlotName.UNSUBSCRIBE_TOKEN] = unsubscribe["token"]
    return MappingProxyType(found)


def checked_values(values: SlotValues) -> SlotValues:
    """Return `values`, each as `checked_value` returns it."""
    # No form has a space, so all values can be looked at in one go. What is unusual is looked at one by one.
    whole = " ".join(values.values())
    if len(whole) <= _LONGEST and whole.isascii() and _form_of_all(tuple(values)).fullmatch(whole):
        return values
    return {name: checked_value(name, value) for name, value in values.items()}


@lru_cache(maxsize=16)
def _form_of_all(names: tuple[SlotName, ...]) -> re.Pattern[str]:
    return re.compile(" ".join(_FORMS[name].pattern for name in names))


def checked_value(name: SlotName, value: str) -> str:
    """Return `value` as it is written into a copy: printable ASCII, an address with its domain in A-labels.

    Only an address may hold more than ASCII, before its @: a header that holds it is UTF-8 (RFC 6532), which no server
    takes that doesn't offer SMTPUTF8. Raises SlotValueError if it is anything else than one address, one Message-ID or
    one URL.
    """
    if name is SlotName.ADDRESS and not value.isascii():
        value = _with_ascii_domain(value)
    if len(value.encode("utf-8", "replace")) > _LONGEST or not value.isprintable() or not _FORMS[name].fullmatch(value):
        raise SlotValueError(
            f"the {name} of this recipient cannot be written into a mail",
            remedy="look at the subscriber: `briefingfeed subscribers show`",
        )
    return value


def _with_ascii_domain(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def ascii_domain(domain: str) -> str:
    """Return a domain as mail carries it: in A-labels. Raises SlotValueError."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise SlotValueError(
            "the domain of this address does not exist in the domain name system's form",
            remedy="look at the subscriber: `briefingfeed subscribers show`",
        ) from None


def ascii_url(url: str) -> str:
    """Return a web address as mail carries it: host in A-labels, the rest percent-encoded. Raises SlotValueError."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.partition(":")
    netloc = parts.netloc if parts.netloc.isascii() else f"{ascii_domain(host)}{colon}{port}"
    return ascii_address(parts._replace(netloc=netloc).geturl())
