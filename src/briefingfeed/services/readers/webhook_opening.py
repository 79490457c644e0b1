"""Which webhooks are open, and what has to be done at each service so that it calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from briefingfeed.models.settings import Settings
from briefingfeed.providers.registry import provider_spec
from briefingfeed.providers.spec import WebhookSpec
from briefingfeed.providers.webhook import Webhook
from briefingfeed.services.keeping.provider_setup import read_setup
from briefingfeed.tokens import Keyring, webhook_passwords

_USER = "briefingfeed"
"""Any name does; a password needs one to stand before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedWebhook:
    provider: str
    webhook: Webhook | None
    """None: what proves who calls is missing (`needs`), so nobody is believed."""
    address: str = field(repr=False)
    """What is to be entered at the service; it may hold a password."""
    events: str
    needs: str


def open_webhooks(settings: Settings, keyring: Keyring, environ: Mapping[str, str]) -> tuple[OpenedWebhook, ...]:
    """Return a webhook for each provider that the settings choose or have a table for, if it has any: a service that is
    left still tells about mails that it took.

    Raises ConfigurationError for a table or a proof that is wrong, SecretKeyError for a secret that can't be read.
    """
    return tuple(_opened(settings, keyring, environ))


def _calling_providers(settings: Settings) -> Iterator[tuple[str, WebhookSpec]]:
    """Yield those of the providers in the settings that tell by a webhook, by their names."""
    for name in dict.fromkeys((settings.newsletter.provider, *settings.provider_tables)):
        webhook = provider_spec(name).webhook
        if webhook is not None:
            yield name, webhook


def open_providers(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of those that are believed when they call; it takes no secret keys of ours to know that.

    Raises what `open_webhooks` does.
    """
    return tuple(
        name
        for name, webhook in _calling_providers(settings)
        if not webhook.needs or _build(webhook, settings, name, environ) is not None
    )


def _opened(settings: Settings, keyring: Keyring, environ: Mapping[str, str]) -> Iterator[OpenedWebhook]:
    for name, webhook in _calling_providers(settings):
        passwords = webhook_passwords(keyring, name)
        yield OpenedWebhook(
            provider=name,
            webhook=_build(webhook, settings, name, environ, passwords),
            address=_address(settings.public_url, name, webhook, passwords[0]),
            events=webhook.events,
            needs=webhook.needs,
        )


def _build(
    spec: WebhookSpec, settings: Settings, name: str, environ: Mapping[str, str], passwords: Sequence[str] = ()
) -> Webhook | None:
    setup = read_setup(settings, name, environ)
    return spec.build(setup.table, setup.secrets, passwords)


def _address(public_url: str, name: str, spec: WebhookSpec, password: str) -> str:
    scheme, _, rest = public_url.partition("://")
    user = "" if spec.needs else f"{_USER}:{password}@"
    return f"{scheme}://{user}{rest}/hooks/{name}"
