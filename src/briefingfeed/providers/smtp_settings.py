"""The table `[smtp]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from briefingfeed.models.dkim import DkimSettings
from briefingfeed.models.settings import check_server
from briefingfeed.providers.spec import Slip


class Security(StrEnum):
    """How the connection is protected. There is no falling back from one to another."""

    STARTTLS = "starttls"
    TLS = "tls"
    """From the first octet (RFC 8314)."""
    NONE = "none"
    """Only to a server on this machine."""


class Auth(StrEnum):
    """How to log in; the values are the mechanisms' names in lower case."""

    PLAIN = "plain"
    LOGIN = "login"
    CRAM_MD5 = "cram-md5"
    XOAUTH2 = "xoauth2"
    """With an OAuth 2.0 access token instead of a password."""


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_AMAZON = re.compile(r"email-smtp[a-z0-9.-]*\.amazonaws\.com(\.cn)?")
_WRITTEN_BY_AMAZON = frozenset({"date", "message-id"})
_SECURITY_OF = {465: Security.TLS, 587: Security.STARTTLS, 25: Security.STARTTLS}
_USUAL_PORT = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Times are in seconds. Raises ValueError for values that don't go together."""

    host: str = "localhost"
    port: int | None = None
    """Default: 587 with starttls, 465 with tls, 25 with none."""
    security: Security = Security.STARTTLS
    username: str | None = None
    """Its password is BRIEFINGFEED_SMTP_PASSWORD, or stands in `password_file`."""
    password_file: Path | None = None
    token_file: Path | None = None
    """Holds an OAuth 2.0 access token; or it is BRIEFINGFEED_SMTP_TOKEN. Read anew by each run."""
    auth: Auth | None = None
    """None: with a token XOAUTH2, else the best that the server offers."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust instead of the system's: for a server with a private authority."""
    helo: str | None = None
    """The name to greet with. Default: the address literal of our end (RFC 5321, 4.1.4)."""
    connections: int = 1
    """At most; a server that allows fewer gets fewer."""
    messages_per_connection: int | None = None
    """After so many a new connection is made, before the server closes the old one. None: as many as it takes."""
    rate: float | None = None
    """At most this many messages per second, over all connections. None: as fast as the server takes them."""
    per_hour: int | None = None
    per_day: int | None = None
    connect_timeout: float = 30.0
    timeout: float = 300.0
    """For the reply to any command but the end of a message."""
    dot_timeout: float = 600.0
    """For sending a message's body and for the reply to its end; RFC 5321 (4.5.3.2.6) asks for ten minutes."""
    retry_pause: float = 5.0
    """Before the second try to get a session again; then twice as long each time."""
    dkim_selector: str | None = None
    """With it we sign our mails ourselves. None: the server does, as most do."""
    dkim_key_file: Path | None = None
    """Holds the private key (PEM); or it is BRIEFINGFEED_DKIM_KEY."""
    dkim_domain: str | None = None
    """Default: the domain of the From address."""

    def __post_init__(self) -> None:
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise ValueError("host must be the name of a mail server")
        check_server(self.host, "host", port="port")
        if self.port is not None and self.port > 65_535:
            raise ValueError("port must be at most 65535")
        if self.security is Security.NONE and not self.is_loopback:
            raise ValueError(
                'security = "none" is only for a server on this machine; use "starttls" (port 587) or "tls" (port 465)'
            )
        if self.connections > 50:
            raise ValueError("connections must be at most 50; most servers allow fewer than ten")
        if self.username is not None and not (self.username and self.username.isprintable()):
            raise ValueError("username must be a name without control characters")
        if self.auth is not None and self.username is None:
            raise ValueError("auth goes with username")
        if self.helo is not None and not _NAME.fullmatch(self.helo):
            raise ValueError("helo must be the full name of this machine")
        if self.dkim_selector is None and (self.dkim_key_file is not None or self.dkim_domain is not None):
            raise ValueError("dkim_selector is missing; without it nothing is signed here")
        _ = self.dkim

    def below(self, folder: Path) -> SmtpSettings:
        """Return the same settings with relative paths taken as below `folder`."""
        return replace(self, ca_file=folder / self.ca_file) if self.ca_file else self

    @property
    def usual_port(self) -> int:
        return self.port or _USUAL_PORT[self.security]

    @property
    def dkim(self) -> DkimSettings | None:
        """How mails are signed before they go to this server; None: not here."""
        if self.dkim_selector is None:
            return None
        unsigned = _WRITTEN_BY_AMAZON if _AMAZON.fullmatch(self.host.lower()) else frozenset()
        return DkimSettings(selector=self.dkim_selector, domain=self.dkim_domain, unsigned=unsigned)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, as far as its name says."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def slip(self) -> Slip | None:
        """What is unusual enough to be one. Some servers do speak otherwise than their port promises, so it is not
        refused; and on this machine ports are anybody's choice (a tunnel)."""
        usual = _SECURITY_OF.get(self.usual_port)
        if usual is None or usual is self.security or self.is_loopback:
            return None
        return Slip(
            f'port {self.usual_port} goes with security = "{usual}", not with "{self.security}": most servers answer '
            "nothing, or nothing that can be read",
            f'write security = "{usual}", or port = {_USUAL_PORT[self.security]}',
        )

    @property
    def where(self) -> str:
        return f"{self.host}:{self.usual_port}"
