"""What a service over HTTP has to say about itself; everything else is `HttpProvider`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from briefingfeed.errors import ConfigurationError
from briefingfeed.hosts import is_loopback
from briefingfeed.models.delivery import Message
from briefingfeed.providers.capabilities import Capabilities
from briefingfeed.providers.http_answers import Answer, Verdict

KEPT_TEMPLATES: Final = 16
"""An edition has as many templates as there are sets of posts for its readers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What the tables of all such services have in common. Raises ValueError for an address that would send the secret
    in the clear, or holds one itself."""

    capabilities: ClassVar[Capabilities]

    url: str = ""
    """Where the service is, if not where it usually is."""
    per_hour: int | None = None
    per_day: int | None = None
    connections: int = 1
    """Requests in flight at once."""
    rate: float | None = None
    """Requests per second."""
    retry_pause: float = 5.0
    """Seconds before the second try after a refusal of the whole request; then twice as long each time."""

    def __post_init__(self) -> None:
        if not self.endpoint.startswith("https://") and not (self.endpoint.startswith("http://") and self.is_loopback):
            raise ValueError("url must begin with https://")
        if "@" in self.host:
            raise ValueError("url must name no user or password: the key has a setting of its own")
        if not 1 <= self.connections <= 50:
            raise ValueError("connections must be at least 1, at most 50")
        if self.rate is not None and self.rate <= 0:
            raise ValueError("rate must be above 0, or left out")

    @property
    def endpoint(self) -> str:
        return self.url

    @property
    def most_taken(self) -> int:
        """Messages taken at once."""
        return self.capabilities.most_messages

    @property
    def is_loopback(self) -> bool:
        return is_loopback(urlsplit(self.endpoint).hostname or "")

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings(HttpSettings):
    """Of a service that takes many messages in a request."""

    batch: int
    """Messages per request: as many become `uncertain` if its answer is lost for good."""

    def __post_init__(self) -> None:
        HttpSettings.__post_init__(self)  # super() does not work in a class with slots before Python 3.14
        if not 1 <= self.batch <= self.capabilities.most_messages:
            raise ValueError(f"batch must be at least 1, at most {self.capabilities.most_messages}")

    @property
    def most_taken(self) -> int:
        return self.batch


@dataclass(frozen=True, slots=True)
class Copy:
    """A message, and its address as it goes over the wire."""

    message: Message
    recipient: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST. Repeated after a lost answer, it is the very same."""

    copies: Sequence[Copy]
    url: str
    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    key: str | None = None
    """The idempotency key that stands in it, if the service knows such."""

    def digest(self) -> str:
        """Return a hash of all that is sent."""
        head = [self.url, *(f"{name}: {value}" for name, value in sorted(self.headers.items()))]
        return sha256(b"\n".join([*(line.encode() for line in head), b"", self.content])).hexdigest()


class Service(Protocol):
    """One service's way of saying things. Knows no network, and no work."""

    title: str
    """As people call it."""

    @property
    def settings(self) -> HttpSettings: ...

    def requests(self, copies: Sequence[Copy]) -> Iterator[Request]:
        """Write the requests that hand over `copies`, each copy in one of them."""

    def read(self, request: Request, answer: Answer) -> Verdict:
        """Say what an answer to one of these requests means. A request of one copy is never to be split."""


def checked_secret(secret: str | None, what: str, table: str, remedy: str) -> str:
    """Return a secret fit for a header field. Raises ConfigurationError; the message doesn't repeat it."""
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ConfigurationError(f"The {what} is missing or damaged.", where=f"[{table}]", remedy=remedy)
    return secret


def fingerprint(content: bytes, copies: Sequence[Copy]) -> bytes:
    """Return 32 octets that name a request: the same whenever it is tried again. A second test with the same bytes is
    another, by its Message-ID."""
    return sha256(b"".join([content, *(copy.message.message_id.encode() for copy in copies)])).digest()


_Piece = TypeVar("_Piece")


def bundles(pieces: Sequence[tuple[_Piece, int]], most: int, most_octets: int | None) -> Iterator[list[_Piece]]:
    """Divide pieces, each with its size in octets, so that no bundle is too large; a piece alone may be."""
    bundle: list[_Piece] = []
    size = 0
    for piece, octets in pieces:
        if bundle and (len(bundle) == most or (most_octets is not None and size + octets > most_octets)):
            yield bundle
            bundle, size = [], 0
        bundle.append(piece)
        size += octets
    if bundle:
        yield bundle
