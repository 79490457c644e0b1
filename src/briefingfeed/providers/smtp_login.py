"""Logging in at a mail server: AUTH (RFC 4954) with PLAIN, LOGIN, CRAM-MD5 or XOAUTH2.

Names and passwords go out as UTF-8, letter for letter as they were given; for ASCII that is what SASLprep (RFC 4013)
would make of them. Who may be told them at all is decided before: `smtp_opening` encrypts first, or the server is on
this machine.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from briefingfeed.providers.smtp_protocol import Session
from briefingfeed.providers.smtp_replies import Reply
from briefingfeed.providers.smtp_settings import Auth
from briefingfeed.providers.smtp_troubles import login_refused, no_login_offered

_LONGEST_COMMAND = 510
"""Octets without CRLF; RFC 5321, 4.5.3.1.4. A longer initial response goes on a line of its own (RFC 4954)."""
_ACCEPTED, _GO_ON, _UNKNOWN = 235, 334, 504

_ENCRYPTED = (Auth.PLAIN, Auth.LOGIN, Auth.CRAM_MD5)
"""CRAM-MD5 last: it hides nothing that TLS doesn't, and makes the server keep passwords that it can read."""
_IN_THE_CLEAR = (Auth.CRAM_MD5, Auth.PLAIN, Auth.LOGIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who we are at the mail server: at least one of password and token."""

    username: str
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    """An OAuth 2.0 access token."""

    def ways(self, chosen: Auth | None, *, encrypted: bool) -> tuple[Auth, ...]:
        """Return the mechanisms that may be used, the best one first."""
        with_password = (_ENCRYPTED if encrypted else _IN_THE_CLEAR) if self.password else ()
        ways = (*((Auth.XOAUTH2,) if self.token else ()), *with_password)
        return ways if chosen is None else tuple(way for way in ways if way is chosen)


async def log_in(session: Session, credentials: Credentials) -> None:
    """Log in with the best mechanism that the server offers. Raises SessionError, WireError.

    A server that offers a mechanism and then doesn't know it (504) is asked for the next one.
    """
    settings, reply = session.settings, None
    ways = credentials.ways(settings.auth, encrypted=session.wire.is_encrypted)
    for way in ways:
        if way.value.upper() not in session.offers.auth:
            continue
        reply = await _DIALOGUES[way](session, credentials)
        if reply.code == _ACCEPTED:
            return
        if reply.code != _UNKNOWN:
            raise login_refused(settings, reply, with_token=way is Auth.XOAUTH2)
    if reply is not None:
        raise login_refused(settings, reply)
    raise no_login_offered(settings, session.offers.auth, ways)


async def _plain(session: Session, credentials: Credentials) -> Reply:
    """RFC 4616."""
    return await _at_once(session, "PLAIN", f"\0{credentials.username}\0{credentials.password}")


async def _login(session: Session, credentials: Credentials) -> Reply:
    reply = await session.command(b"AUTH LOGIN")
    for word in (credentials.username, credentials.password or ""):
        if reply.code != _GO_ON:
            break
        reply = await session.command(_base64(word))
    return reply


async def _cram_md5(session: Session, credentials: Credentials) -> Reply:
    """RFC 2195."""
    reply = await session.command(b"AUTH CRAM-MD5")
    if reply.code != _GO_ON:
        return reply
    try:
        challenge = base64.b64decode(reply.text, validate=True)
    except (binascii.Error, ValueError):
        return await session.command(b"*")  # RFC 4954: the client cancels, the server says 501
    answer = hmac.new((credentials.password or "").encode(), challenge, "md5").hexdigest()
    return await session.command(_base64(f"{credentials.username} {answer}"))


async def _xoauth2(session: Session, credentials: Credentials) -> Reply:
    """Google's and Microsoft's mechanism. A refusal comes in two parts: what is wrong as JSON in a challenge, which
    wants an empty line for an answer, and then the reply."""
    reply = await _at_once(
        session, "XOAUTH2", f"user={credentials.username}\x01auth=Bearer {credentials.token}\x01\x01"
    )
    if reply.code != _GO_ON:
        return reply
    refusal = await session.command(b"")
    return replace(refusal, lines=(*refusal.lines, *_words(reply.text)))


_DIALOGUES: Mapping[Auth, Callable[[Session, Credentials], Awaitable[Reply]]] = MappingProxyType(
    {Auth.PLAIN: _plain, Auth.LOGIN: _login, Auth.CRAM_MD5: _cram_md5, Auth.XOAUTH2: _xoauth2}
)


async def _at_once(session: Session, mechanism: str, response: str) -> Reply:
    command = f"AUTH {mechanism} ".encode("ascii") + _base64(response)
    if len(command) <= _LONGEST_COMMAND:
        return await session.command(command)
    reply = await session.command(f"AUTH {mechanism}".encode("ascii"))
    return await session.command(_base64(response)) if reply.code == _GO_ON else reply


def _words(challenge: str) -> tuple[str, ...]:
    """Return what a refusal's challenge says, as `(status 400, schemes Bearer)`; nothing if it can't be read."""
    try:
        said = json.loads(base64.b64decode(challenge, validate=True))
    except ValueError:  # binascii.Error, UnicodeDecodeError and json.JSONDecodeError are some
        return ()
    if not isinstance(said, dict) or not said:
        return ()
    return (f"({', '.join(f'{name} {value}' for name, value in said.items())})",)


def _base64(text: str) -> bytes:
    return base64.b64encode(text.encode())
