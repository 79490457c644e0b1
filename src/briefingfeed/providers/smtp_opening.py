"""From nothing to a session that may take mail: connect, greet, encrypt, log in.

Nothing but the greeting ever crosses an unencrypted connection, except to a server on this machine.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import replace

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.delivery import Phase
from briefingfeed.providers.smtp_login import Credentials, log_in
from briefingfeed.providers.smtp_protocol import Offers, Session
from briefingfeed.providers.smtp_replies import GARBAGE, Reply
from briefingfeed.providers.smtp_settings import Security, SmtpSettings
from briefingfeed.providers.smtp_troubles import (
    broken,
    injected,
    no_starttls,
    no_tls,
    not_greeted,
    refused,
    silent,
    unreachable,
)
from briefingfeed.providers.smtp_wire import Wire, WireError

TlsContext = Callable[[], ssl.SSLContext]
"""Asked only once TLS begins: to read all that a machine trusts takes 25 ms, and most runs open no session."""


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name. Raises ConfigurationError for a bad `ca_file`."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"The certificates to trust cannot be read: {error.strerror or error}.",
            where=str(settings.ca_file),
            remedy="Name a PEM file in [smtp] ca_file, or remove the line to trust what this machine trusts.",
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever this machine's OpenSSL is set up to bear
    return context


class Door:
    """Where sessions of one server are asked for. It remembers whether the server was ever heard there: one that wasn't
    is probably none, or the port goes with another `security`, and nobody waits for it again and again."""

    def __init__(
        self,
        settings: SmtpSettings,
        credentials: Credentials | None,
        context: TlsContext,
        *,
        patience: float | None = None,
    ) -> None:
        """`patience`: how many seconds, at most, each step may take before a message can go; default: `timeout`."""
        self._settings = settings
        self._impatient = replace(settings, timeout=min(settings.timeout, patience)) if patience else settings
        self._credentials = credentials
        self._context = context
        self._was_heard = False

    async def open_session(self) -> Session:
        """Return a session that may take mail. Raises SessionError, whose text says what to do."""
        settings = self._impatient
        try:
            wire = await Wire.connect(
                settings.host,
                settings.usual_port,
                seconds=settings.connect_timeout,
                loopback_only=settings.security is Security.NONE,
            )
        except OSError as error:  # TimeoutError is one
            raise unreachable(settings, error) from error
        session = Session(wire, settings)
        try:
            await self._open(session)
        except WireError as error:
            wire.close()
            raise broken(settings, error) from error
        except ssl.SSLError as error:
            wire.close()
            raise no_tls(settings, error) from error
        except BaseException:
            wire.close()
            raise
        session.settings = self._settings
        return session

    async def _open(self, session: Session) -> None:
        greeting = await self._greeting(session)
        if greeting.code != 220:
            raise refused(session.settings, Phase.CONNECT, greeting)
        await _greet(session)
        if session.settings.security is Security.STARTTLS:
            await _start_tls(session, self._context)
            await _greet(session)
        if self._credentials is not None:
            await log_in(session, self._credentials)

    async def _greeting(self, session: Session) -> Reply:
        settings = session.settings
        try:
            if settings.security is Security.TLS:
                await session.wire.start_tls(self._context(), settings.host, settings.timeout)
            greeting = await session.reply(settings.timeout)
        except WireError as error:
            if error.was_silence and session.is_in_step and not self._was_heard:
                raise silent(settings) from error
            raise not_greeted(settings, error) from error
        self._was_heard = self._was_heard or greeting.code != GARBAGE
        return greeting


async def _greet(session: Session) -> None:
    name = session.settings.helo or _address_literal(session.wire.local_address)
    reply = await session.command(f"EHLO {name}".encode("ascii"))
    session.offers = read_offers(reply) if reply.code == 250 else Offers()
    if reply.code in (500, 502, 504):
        if session.settings.security is Security.STARTTLS:
            raise no_starttls(session.settings, "it does not know EHLO")
        reply = await session.command(f"HELO {name}".encode("ascii"))
    if reply.code != 250:
        raise refused(session.settings, Phase.CONNECT, reply)


async def _start_tls(session: Session, context: TlsContext) -> None:
    if "STARTTLS" not in session.offers:
        raise no_starttls(session.settings, "it is not in its answer to EHLO")
    reply = await session.command(b"STARTTLS")
    if reply.code != 220:
        raise no_starttls(session.settings, f"it answered {reply.code}")
    if not session.is_in_step:
        raise injected(session.settings)
    session.offers = Offers()
    await session.wire.start_tls(context(), session.settings.host, session.settings.timeout)


def read_offers(reply: Reply) -> Offers:
    """Read an EHLO reply; its first line is the server's name. Unknown keywords don't matter."""
    keywords: set[str] = set()
    auth: set[str] = set()
    size = 0
    for line in reply.lines[1:]:
        keyword, *parameters = line.upper().replace("AUTH=", "AUTH ").split() or [""]
        keywords.add(keyword)
        if keyword == "AUTH":
            auth.update(parameters)
        elif keyword == "SIZE" and parameters and parameters[0].isdecimal():
            size = int(parameters[0])
    return Offers(keywords=frozenset(keywords), auth=frozenset(auth), size=size)


def _address_literal(address: str) -> str:
    version = ipaddress.ip_address(address.partition("%")[0]).version
    return f"[IPv6:{address}]" if version == 6 else f"[{address}]"
