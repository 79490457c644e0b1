"""The domain's record that tells everybody the public key (RFC 6376, section 3.6.1): as it should be, and as it is.

The only user of dnspython.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from briefingfeed.errors import TemporaryError

Lookup = Callable[[str], Sequence[str]]
"""Returns the TXT records at a name; none if there are none. Raises TemporaryError if nobody could be asked."""

_MOST_OCTETS = 255
"""Of one string in a TXT record (RFC 1035, section 3.3.14); a longer text is several strings in a row."""
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What has to stand in the domain name system."""

    name: str
    """`SELECTOR._domainkey.DOMAIN`"""
    public_key: str
    """Base64."""

    @property
    def text(self) -> str:
        return f"v=DKIM1; k=rsa; p={self.public_key}"

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it."""
        strings = [f'"{self.text[at : at + _MOST_OCTETS]}"' for at in range(0, len(self.text), _MOST_OCTETS)]
        return f"{self.name}. IN TXT ( {' '.join(strings)} )"

    def fault(self, found: Sequence[str]) -> str | None:
        """Return in words why mail servers couldn't check our signatures by the TXT records `found` at the name."""
        records = [tags for tags in map(_tags, found) if tags.get("v", "DKIM1") == "DKIM1" and "p" in tags]
        if not records:
            others = "" if not found else ", only something else" if len(found) == 1 else ", only other things"
            return f"there is no DKIM record{others}"
        if len(records) > 1:
            return "there are two DKIM records, and nobody knows which one counts"
        (tags,) = records
        if not tags["p"]:
            return "its record says that this key is withdrawn: nothing stands behind p="
        if _octets(tags["p"]) != _octets(self.public_key):
            return "the key in its record is damaged or cut off, or another one"
        if tags.get("k", "rsa") != "rsa":
            return f"its record says k={tags['k']}, but the key is an RSA key"
        if "sha256" not in _listed(tags.get("h", "sha256")):
            return f"its record allows only h={tags['h']}, and we sign with sha256"
        if not {"*", "email"} & _listed(tags.get("s", "*")):
            return f"its record is not for mail: s={tags['s']}"
        if "y" in _listed(tags.get("t", "")):
            return "its record says t=y, a trial: mail servers may take no notice of the signature"
        return None


def look_up(name: str, resolver: dns.resolver.Resolver | None = None) -> Sequence[str]:
    """Return the TXT records at `name`, each with its strings joined. See `Lookup`. `resolver`: the machine's."""
    try:
        answer = (resolver or dns.resolver.Resolver()).resolve(name, dns.rdatatype.TXT, lifetime=_PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError):
        raise TemporaryError(
            "the domain name system could not be asked",
            where=name,
            remedy="see that this machine has a network and a name server, and try again",
        ) from None
    return [b"".join(each.strings).decode("utf-8", "replace") for each in answer if isinstance(each, TXT)]


def _tags(text: str) -> Mapping[str, str]:
    """Read a list of tags (RFC 6376, section 3.2)."""
    pairs = (tag.partition("=") for tag in text.split(";"))
    return {name.strip(): re.sub(r"\s+", "", value) for name, _, value in pairs}


def _listed(value: str) -> set[str]:
    return set(value.split(":"))


def _octets(base64: str) -> bytes:
    try:
        return b64decode(base64, validate=True)
    except ValueError:
        return b""
