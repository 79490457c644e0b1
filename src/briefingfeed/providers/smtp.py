"""SMTP to a mail server or a mail service's submission port: our own client, whose phases are known.

Sessions are kept as long as the server keeps them. At most two messages per connection are armed at any time: the one
on the wire and the one that is fetched meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from functools import cache, partial

from briefingfeed.errors import ConfigurationError
from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.base import Limits, Work
from briefingfeed.providers.smtp_convoy import Convoy
from briefingfeed.providers.smtp_courier import Courier
from briefingfeed.providers.smtp_errand import PATIENCE, Errand
from briefingfeed.providers.smtp_login import Credentials
from briefingfeed.providers.smtp_opening import Door, tls_context
from briefingfeed.providers.smtp_protocol import Session
from briefingfeed.providers.smtp_settings import Auth, Security, SmtpSettings
from briefingfeed.providers.smtp_supply import Supply
from briefingfeed.providers.smtp_troubles import PASSWORD_VARIABLE, TOKEN_VARIABLE
from briefingfeed.providers.spec import Clock, Found, ProviderSpec, Secret, Signing

__all__ = ["NAME", "SPEC", "Auth", "Security", "SmtpProvider", "SmtpSettings"]

NAME = "smtp"


class SmtpProvider:
    """Hands messages to one mail server. Raises ConfigurationError if the settings lack something."""

    name = NAME
    rehearses = False

    def __init__(
        self, settings: SmtpSettings, password: str | None, token: str | None = None, *, in_haste: bool = False
    ) -> None:
        self.settings = settings
        self.is_local = settings.is_loopback
        self.limits = Limits(per_hour=settings.per_hour, per_day=settings.per_day)
        self._credentials = _credentials(settings, password, token)
        self._context = cache(partial(tls_context, settings))
        if settings.ca_file is not None:
            self._context()  # what is wrong with it is told before anything is done
        self._door = Door(settings, self._credentials, self._context, patience=PATIENCE if in_haste else None)
        self._convoy = Errand if in_haste else Convoy

    async def deliver(self, work: Work) -> None:
        convoy = self._convoy(self.settings)
        supply = Supply(work, convoy)
        couriers = [
            Courier(self.settings, self.open_session, work, convoy, supply) for _ in range(self.settings.connections)
        ]
        results = await asyncio.gather(*(courier.run() for courier in couriers), return_exceptions=True)
        errors = [result for result in results if isinstance(result, BaseException)]
        if errors:
            raise errors[0]

    async def open_session(self) -> Session:
        """Connect and log in without sending anything. Raises SessionError (a ProviderError)."""
        return await self._door.open_session()

    def in_haste(self) -> SmtpProvider:
        """See `providers.base.CanHurry`."""
        known = self._credentials
        return SmtpProvider(
            self.settings, known.password if known else None, known.token if known else None, in_haste=True
        )


def _credentials(settings: SmtpSettings, password: str | None, token: str | None) -> Credentials | None:
    """Return what to log in with; None: the server wants no login. Raises ConfigurationError."""
    if settings.username is None:
        return None
    credentials = Credentials(username=settings.username, password=password, token=token)
    if not credentials.ways(settings.auth, encrypted=True):
        what, variable, key = (
            ("access token", TOKEN_VARIABLE, "token_file")
            if settings.auth is Auth.XOAUTH2
            else ("password", PASSWORD_VARIABLE, "password_file")
        )
        raise ConfigurationError(
            f"The {what} for {settings.username} at {settings.host} is missing.",
            where="[smtp]",
            remedy=f"Put it into the environment as {variable}, or name its file as {key}.",
        )
    if re.search(r"[\x00-\x1f\x7f]", f"{password or ''}{token or ''}"):
        raise ConfigurationError(
            f"The password or access token for {settings.username} holds a control character.",
            where="[smtp]",
            remedy="Copy it again: it is one line of visible characters.",
        )
    return credentials


def _build(settings: SmtpSettings, secrets: Found, paths: PathSettings, now: Clock) -> SmtpProvider:
    del now
    return SmtpProvider(settings.below(paths.root), secrets.get(PASSWORD), secrets.get(TOKEN))


PASSWORD = Secret(PASSWORD_VARIABLE, "password_file")
TOKEN = Secret(TOKEN_VARIABLE, "token_file")
DKIM_KEY = Secret("BRIEFINGFEED_DKIM_KEY", "dkim_key_file")
SIGNING = Signing(lambda settings: settings.dkim, DKIM_KEY)
SPEC = ProviderSpec(SmtpSettings, _build, (PASSWORD, TOKEN, DKIM_KEY), SIGNING, slip=lambda settings: settings.slip)
