"""Why an SMTP session cannot be had or cannot go on, in words for whoever set it up, and what to do."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Sequence

from briefingfeed.errors import ProviderError
from briefingfeed.models.delivery import Phase
from briefingfeed.providers.addresses import scrub
from briefingfeed.providers.smtp_patience import Plea, plea
from briefingfeed.providers.smtp_replies import GARBAGE, Reply
from briefingfeed.providers.smtp_settings import Auth, SmtpSettings
from briefingfeed.providers.smtp_wire import WireError

PASSWORD_VARIABLE = "BRIEFINGFEED_SMTP_PASSWORD"  # noqa: S105 - a name, not a password
TOKEN_VARIABLE = "BRIEFINGFEED_SMTP_TOKEN"  # noqa: S105 - likewise

_LATER = "Nobody loses their copy by it. The next run tries again by itself."
_CHECK_LOGIN = f"Check username in [smtp] and the password in {PASSWORD_VARIABLE}, then run the same command again."
_CHECK_TOKEN = (
    f"Put a fresh access token into {TOKEN_VARIABLE} or the file of token_file: they last about an hour. "
    "Check username in [smtp], and that the token may send mail for it."
)

_PORTS = '465 goes with security = "tls", 587 with "starttls".'
_SMALLER = "Lower size_budget_kb in [newsletter], or ask the server's operator for more."
_OFTEN_BLOCKED = (25, 465, 587)
_NO_WAY = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.EACCES, errno.EPERM)
_BLOCKED = (
    "Many hosting companies block port {port} to stop spam. If host and port are right: see whether the mail service "
    "has another port (often 2525), ask your hosting company to open this one, or choose a provider that works over "
    "HTTPS, such as postmark."
)

# OpenSSL's X509_V_ERR_*: what a volunteer can do something about.
_CERTIFICATE = {
    9: "is not valid yet",
    10: "has expired",
    18: "was signed by the server itself, by nobody this machine trusts",
    19: "was signed by somebody this machine does not trust",
    20: "was signed by somebody this machine does not trust",
    62: "belongs to another name",
    64: "belongs to another address",
}


class SessionError(ProviderError):
    """The session cannot be had or cannot go on. `hopeless`: trying again without a change is of no use; `wants_rest`:
    the server asked for patience; `heals`: it may be over by the next run (default: if it isn't hopeless)."""

    def __init__(
        self,
        settings: SmtpSettings,
        message: str,
        *,
        remedy: str = "",
        hopeless: bool = False,
        wants_rest: bool = False,
        heals: bool | None = None,
    ) -> None:
        heals = not hopeless if heals is None else heals
        super().__init__(message, where=settings.where, remedy=f"{remedy} {_LATER}".strip() if heals else remedy)
        self._advice = remedy
        self.hopeless = hopeless
        self.wants_rest = wants_rest
        self.wants_one_by_one = False
        """It broke over a pipeline: the next session should do without."""

    def over_one_mail(self) -> SessionError:
        """Return this for a mail that no later run tries again."""
        self.remedy = self._advice or "Try the same command again in some minutes."
        return self


def unreachable(settings: SmtpSettings, error: OSError) -> SessionError:
    """No connection: unknown host, refused, timed out."""
    remedy = "Check host and port in [smtp], and that the server is running."
    if settings.usual_port in _OFTEN_BLOCKED and not settings.is_loopback and _may_be_blocked(error):
        remedy = f"{remedy}\n  {_BLOCKED.format(port=settings.usual_port)}"
    return SessionError(
        settings, f"The mail server cannot be reached: {error.strerror or error or 'no answer in time'}.", remedy=remedy
    )


def _may_be_blocked(error: OSError) -> bool:
    return isinstance(error, TimeoutError) or error.errno in _NO_WAY


def broken(settings: SmtpSettings, error: WireError) -> SessionError:
    """The connection was lost."""
    return SessionError(settings, f"The connection {error}.")


def not_greeted(settings: SmtpSettings, error: WireError) -> SessionError:
    """It was lost before the server said what it is."""
    return SessionError(settings, f"The connection {error}.", remedy=_check_port(settings))


def silent(settings: SmtpSettings) -> SessionError:
    """A server that was never heard, and isn't now: most are none, or wait to be spoken to. Each run asks once."""
    return SessionError(
        settings,
        f"The server took the connection and said nothing for {settings.timeout:g} s.",
        remedy=_check_port(settings),
        hopeless=True,
        heals=True,
    )


def _check_port(settings: SmtpSettings) -> str:
    return f'Check host and port in [smtp], and security, which is "{settings.security}": {_PORTS}'


def bad_sender(settings: SmtpSettings) -> SessionError:
    """Our own envelope sender cannot go over the wire."""
    return SessionError(
        settings, "The sender address cannot be used.", remedy="Check from in [newsletter].", hopeless=True
    )


def too_large(settings: SmtpSettings, size: int, limit: int) -> SessionError:
    return SessionError(
        settings,
        f"The message has {size // 1000} kB, and the mail server takes at most {limit // 1000} kB.",
        remedy=_SMALLER,
        hopeless=True,
    )


def slow_down(settings: SmtpSettings, reply: Reply, recipient: str) -> SessionError:
    """The server wants less mail from us for now; with 5xx, none for a good while."""
    return SessionError(
        settings,
        f"The mail server asks us to slow down: {_said(reply, recipient)}",
        remedy="What the server allows can be set as rate, per_hour or per_day in [smtp].",
        hopeless=reply.code // 100 == 5,
        wants_rest=True,
        heals=True,
    )


def out_of_turn(settings: SmtpSettings, reply: Reply) -> SessionError:
    """A reply that nobody asked for."""
    if reply.code == GARBAGE:
        return refused(settings, Phase.CONNECT, reply)
    return SessionError(
        settings,
        f"The mail server answers before it is asked: {_said(reply)}",
        remedy="Something between us and the server may be broken.",
    )


def _said(reply: Reply, *names: str) -> str:
    """Return a reply's words without `names` and without any address."""
    words = f"{reply.code} {reply.text}"
    for name in names:
        words = scrub(words, name)
    return scrub(words).strip()


def refused(settings: SmtpSettings, phase: Phase, reply: Reply, recipient: str = "") -> SessionError:
    """A reply after which the session cannot go on."""
    words = _said(reply, recipient)
    if 0 < reply.code < 400:
        return out_of_turn(settings, reply)
    if reply.code == GARBAGE:
        return SessionError(
            settings, "The mail server answered something that is not SMTP.", remedy=_check_port(settings)
        )
    if reply.code in (530, 534, 535):
        return login_refused(settings, reply)
    if reply.code == 538:
        remedy = 'Set security = "starttls" or "tls" in [smtp].'
        return SessionError(settings, f"The mail server wants TLS first: {words}", remedy=remedy, hopeless=True)
    if phase is Phase.MAIL and plea(reply) is Plea.CLEAR:
        return slow_down(settings, reply, recipient)
    if phase is Phase.MAIL and (reply.code == 552 or reply.enhanced_code == "5.3.4"):
        return SessionError(
            settings, f"The message is too large for the mail server: {words}", remedy=_SMALLER, hopeless=True
        )
    if phase is Phase.MAIL and reply.code // 100 == 5:
        return SessionError(
            settings,
            f"The mail server refuses mail from our sender address: {words}",
            remedy="Check from in [newsletter]: this server must be allowed to send for it. Check [smtp] username too.",
            hopeless=True,
        )
    wants_rest = reply.code // 100 == 4 and reply.code != 421
    return SessionError(settings, f"The mail server takes no mail just now: {words}", wants_rest=wants_rest)


def login_refused(settings: SmtpSettings, reply: Reply, *, with_token: bool = False) -> SessionError:
    words = _said(reply, settings.username or "")
    if reply.code == 530 or not settings.username:
        return SessionError(
            settings,
            f"The mail server wants a login first: {words}",
            remedy=f"Set username in [smtp] and its password in {PASSWORD_VARIABLE}.",
            hopeless=True,
        )
    if reply.code // 100 == 4:
        return SessionError(settings, f"The mail server cannot check the login just now: {words}", wants_rest=True)
    remedy = _CHECK_TOKEN if with_token else _CHECK_LOGIN
    return SessionError(settings, f"The mail server refused our login: {words}", remedy=remedy, hopeless=True)


def no_login_offered(settings: SmtpSettings, offered: frozenset[str], ways: Sequence[Auth]) -> SessionError:
    """`ways`: those that we could have taken."""
    ours = " or ".join(way.value.upper() for way in ways)
    known = f"It offers {', '.join(sorted(offered))}; we would take {ours}." if offered else "It offers no login."
    return SessionError(
        settings,
        f"The mail server doesn't let us log in the way we can. {known}",
        remedy="If it needs no login, remove username from [smtp]; if it wants a token, put one into "
        f"{TOKEN_VARIABLE}; else remove auth, or ask its operator for another port.",
        hopeless=True,
    )


def no_starttls(settings: SmtpSettings, why: str) -> SessionError:
    return SessionError(
        settings,
        f"The mail server offers no STARTTLS ({why}). Nothing was sent, no password either.",
        remedy='If it has TLS on port 465, set security = "tls" in [smtp]. We never fall back to plain text.',
        hopeless=True,
    )


def injected(settings: SmtpSettings) -> SessionError:
    return SessionError(
        settings,
        "Somebody spoke between us and the mail server before the connection was encrypted.",
        remedy="This may be an attack, or a broken proxy. Nothing was sent. Try another network, or ask the operator.",
        hopeless=True,
    )


def no_tls(settings: SmtpSettings, error: ssl.SSLError) -> SessionError:
    """The handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what = _CERTIFICATE.get(error.verify_code, f"cannot be verified ({error.verify_message})")
        return SessionError(
            settings,
            f"The certificate of {settings.host} {what}. Nothing was sent, no password either.",
            remedy="Write host in [smtp] as the certificate has it; for a private authority name its ca_file. "
            "If the server is not yours, tell its operator.",
            hopeless=True,
        )
    return SessionError(
        settings, f"TLS with the mail server failed: {error.reason or error}.", remedy=_check_port(settings)
    )
