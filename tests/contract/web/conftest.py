from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message

from briefingfeed.look import Look
from briefingfeed.models.settings import PublicationSettings, Settings, WebSettings
from briefingfeed.models.subscriber import Consent, Subscriber
from briefingfeed.services.readers.subscribers import add
from briefingfeed.shipped import shipped_templates
from briefingfeed.storage import subscribers
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring, fingerprint, unsubscribe_token
from briefingfeed.web.app import create_app
from briefingfeed.web.requests import BodyLimit
from publications import settings_in

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Publication:
    """A publication with one subscriber, and the application over it."""

    settings: Settings
    database: Database
    keyring: Keyring
    subscriber_id: str
    address: str

    @property
    def token(self) -> str:
        return unsubscribe_token(self.keyring, self.subscriber_id)

    @property
    def output(self) -> Path:
        return self.settings.paths.output

    def at(self, public_url: str) -> Publication:
        return replace(self, settings=replace(self.settings, web=WebSettings(public_url=public_url)))

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send one request, without cookies, and follow no redirect."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app())
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    def ask_and_say_no_more(self, method: str, path: str) -> int:
        """Send a request whose body never comes, and return the answer's status."""
        form = (b"content-type", b"application/x-www-form-urlencoded")
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [form]}
        answers: list[Message] = []

        async def receive() -> Message:
            return await asyncio.Event().wait()  # type: ignore[return-value]

        async def send(message: Message) -> None:
            answers.append(message)

        hasty = BodyLimit(self._app(), patience=0.05)
        asyncio.run(asyncio.wait_for(hasty(scope, receive, send), 30))
        return int(answers[0]["status"])

    def _app(self) -> ASGIApp:
        look = Look([shipped_templates()], self.settings.publication)
        return create_app(
            settings=self.settings, database=self.database, keyring=self.keyring, look=look, now=lambda: NOW
        )

    def rows(self) -> list[str]:
        """Every row of every table, to compare before and after."""
        with self.database.read() as connection:
            raw: Any = connection.connection.driver_connection
            return list(raw.iterdump())

    def subscriber(self) -> Subscriber | None:
        with self.database.read() as connection:
            return subscribers.by_id(connection, self.subscriber_id)

    def consents(self) -> list[Consent]:
        with self.database.read() as connection:
            return subscribers.consents(connection, self.subscriber_id)


def ring(*keys: bytes) -> Keyring:
    return Keyring({fingerprint(key): key for key in keys})


@pytest.fixture
def make_ring() -> Callable[..., Keyring]:
    return ring


@pytest.fixture
def publication(tmp_path: Path) -> Iterator[Publication]:
    settings = settings_in(
        tmp_path,
        publication=PublicationSettings(title="Harbour Notes", url="https://harbour.example", language="en-GB"),
    )
    address = "canary.ZQ7@harbour.example"
    with Database.open(settings.database.url, busy_timeout=0.2) as database:
        added = add(database, address, consent_note="paper form", suppression_key=b"s" * 32, now=NOW)
        yield Publication(settings, database, ring(b"o" * 32), added.subscriber_id, address)
