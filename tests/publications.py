"""Publications in folders: their settings, made without a settings file, and their readers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from briefingfeed.models.edition import Cadence
from briefingfeed.models.settings import (
    DatabaseSettings,
    FeedSettings,
    Mailbox,
    NewsletterSettings,
    PathSettings,
    PublicationSettings,
    Settings,
    SiteSettings,
    WebSettings,
)
from briefingfeed.models.subscriber import Consent, ConsentKind, Subscriber, SubscriberState
from briefingfeed.tokens import address_hash

KEY = b"a key for tests, thirty-two long"
HARBOUR = PublicationSettings(
    title="Harbour Notes",
    url="https://harbour.example",
    postal_address="Harbour Trust, 1 Quay, Porttown",
    id_authority="harbour.example,2026",
)
SENDER = Mailbox("notes@harbour.example", "Harbour Notes")


def paths_in(folder: Path) -> PathSettings:
    return PathSettings(
        root=folder,
        posts=folder / "posts",
        templates=folder / "templates",
        output=folder / "public",
        state=folder / "var",
    )


def settings_in(folder: Path, **sections: Any) -> Settings:
    """Return the defaults; `sections` are fields of Settings to put in their place."""
    defaults: dict[str, Any] = {
        "publication": PublicationSettings(),
        "site": SiteSettings(),
        "feeds": FeedSettings(),
        "newsletter": NewsletterSettings(),
        "database": DatabaseSettings(url=f"sqlite:///{folder / 'var' / 'test.db'}"),
        "web": WebSettings(),
    }
    return Settings(file=folder / "briefingfeed.toml", paths=paths_in(folder), **(defaults | sections))


def harbour_in(folder: Path, **sections: Any) -> Settings:
    """Return the settings of a publication that may mail people, as the example may not."""
    own: dict[str, Any] = {
        "publication": HARBOUR,
        "newsletter": NewsletterSettings(from_=SENDER),
        "web": WebSettings(public_url="http://127.0.0.1:8090"),
    }
    return settings_in(folder, **(own | sections))


def reader(
    identity: str, address: str, since: datetime, cadence: Cadence = Cadence.WEEKLY
) -> tuple[Subscriber, Consent, str]:
    """Return somebody who is confirmed, as `subscribers.add_many` takes it."""
    return (
        Subscriber(id=identity, address=address, state=SubscriberState.CONFIRMED, created_at=since, cadence=cadence),
        Consent(subscriber_id=identity, kind=ConsentKind.ADDED, at=since, source="test"),
        address_hash(KEY, address),
    )
