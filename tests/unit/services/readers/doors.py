"""The real pages, with the webhooks of providers, knocked at over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx

from briefingfeed.look import Look
from briefingfeed.providers.webhook import Webhook
from briefingfeed.shipped import shipped_templates
from briefingfeed.web.app import create_app
from publications import harbour_in


class Door:
    """`webhook` of the provider `name`, on a house's database."""

    def __init__(self, house: Any, name: str, webhook: Webhook) -> None:
        settings = harbour_in(house.folder)
        self.name = name
        self._app = create_app(
            settings=settings,
            database=house.database,
            keyring=house.keyring,
            look=Look([shipped_templates()], settings.publication),
            now=lambda: house.now,
            webhooks={name: webhook},
        )

    def knock(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://harbour.example") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    def tell(self, said: object, headers: Mapping[str, str]) -> int:
        """Post JSON to the webhook; return the status. The answer never has a body."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        answer = self.knock("POST", f"/hooks/{self.name}", content=body, headers=dict(headers))
        assert answer.status_code >= 500 or answer.content == b""
        return answer.status_code


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


def mark_of(copy: Any) -> str:
    """The mark that a provider got with a copy."""
    return str(copy.return_path).partition("+")[2].partition("@")[0]
