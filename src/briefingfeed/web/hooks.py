"""Where providers tell what became of mails: `/hooks/{provider}`.

A stranger learns nothing here, whatever is sent: the answer to what is not proven is 401 without a word (RFC 9110, with
the challenge that makes Amazon's notifications send their password). Whatever is answered with 5xx is told again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from briefingfeed.providers.webhook import Call, ForgedCallError, UnreadableCallError, Webhook
from briefingfeed.services.readers.hooks import hear
from briefingfeed.storage.database import Database
from briefingfeed.tokens import Keyring

MOST_CALL = 4 * 1024 * 1024
"""Bytes of a call. SendGrid gathers a thousand events."""


class Hooks:
    """One door for each provider that is set up."""

    def __init__(
        self, webhooks: Mapping[str, Webhook], database: Database, keyring: Keyring, now: Callable[[], datetime]
    ) -> None:
        self._webhooks = webhooks
        self._database = database
        self._keyring = keyring
        self._now = now

    async def answer(self, request: Request) -> Response:
        """HEAD tells that somebody is there: some services ask before they accept an address."""
        request.scope["what"] = "webhook"
        provider = request.path_params["provider"]
        body = await request.body()  # always, since a web server in front may report an answer that comes early as 502
        webhook = self._webhooks.get(provider)
        if webhook is None:
            raise HTTPException(404)
        if request.method == "HEAD":
            return Response()
        now = self._now()
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(headers=headers, body=body, at=now)
        try:
            told = await webhook.read(call)
        except ForgedCallError:
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="webhook"'})
        except UnreadableCallError:
            return Response(status_code=400)
        await run_sync(partial(hear, self._database, self._keyring, provider, told, now=now))
        return Response()
