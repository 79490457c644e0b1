"""Every way out, one line each. A module is imported only when its provider is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from briefingfeed.providers.spec import ProviderSpec

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "brevo": "briefingfeed.providers.brevo",
        "mailgun": "briefingfeed.providers.mailgun",
        "outbox": "briefingfeed.providers.outbox",
        "postmark": "briefingfeed.providers.postmark",
        "resend": "briefingfeed.providers.resend",
        "sendgrid": "briefingfeed.providers.sendgrid",
        "ses": "briefingfeed.providers.ses",
        "smtp": "briefingfeed.providers.smtp",
    }
)
"""The name in `[newsletter] provider`, which is also the name of the provider's own table, and its module."""

UNFIT: Mapping[str, str] = MappingProxyType(
    {
        "mailersend": "it carries header fields of ours, such as List-Unsubscribe, on its largest plan alone",
        "scaleway": "all readers of a request would get the same List-Unsubscribe",
        "sparkpost": "it puts a List-Unsubscribe of its own in the place of ours",
    }
)
"""Services that cannot carry a newsletter of ours, and why: each reader's unsubscribe link must arrive."""


def provider_spec(name: str) -> ProviderSpec:
    """Return how to set up a provider. Raises KeyError for a name that isn't in `PROVIDERS`."""
    from briefingfeed.providers.spec import ProviderSpec  # whoever only looks at the names does without

    spec = import_module(PROVIDERS[name]).SPEC
    assert isinstance(spec, ProviderSpec)  # noqa: S101 - a mistake in a provider's module, found by its first test
    return spec
