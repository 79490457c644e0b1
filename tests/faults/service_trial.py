"""A trial of a service over HTTP instead of a mail server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from faults.trial import Trial, addresses
from faults.warm_command import WarmCommand
from servers.api_dialects import KEY
from servers.api_server import ApiServer, Plan
from servers.api_ways import NAMES
from servers.sigv4_check import KEY_ID, SECRET_KEY

READERS = addresses(12)
BATCH = 5
ENVIRONMENT = {f"BRIEFINGFEED_{name.upper()}_KEY": KEY for name in NAMES if name != "ses"} | {
    "BRIEFINGFEED_SES_KEY_ID": KEY_ID,
    "BRIEFINGFEED_SES_SECRET_KEY": SECRET_KEY,
}
EXTRA = {"ses": "connections = 1", "mailgun": f'batch = {BATCH}\nconnections = 1\ndomain = "briefings.example"'}


class Service:
    """What the server noted, as `assert_invariants` asks for it."""

    port = 9

    def __init__(self, server: ApiServer) -> None:
        self.server = server

    def counts(self) -> Counter[str]:
        return self.server.counts()

    def offered(self) -> list[tuple[str, bytes]]:
        """Named by the mark: not every service leaves us our Message-ID."""
        return [
            (mail["to"], f"Message-ID: <{mail['mark']}>\r\n\r\n{mail['text']}{mail['html']}".encode())
            for mail in self.server.taken()
        ]

    def commands(self) -> list[str]:
        return [str(request) for request in self.server.requests()]


MakeTrial = Callable[[str, Plan], Trial]


def trial_of(name: str, server: ApiServer, folder: Path, command: WarmCommand, database_url: str) -> Trial:
    own = EXTRA.get(name, f"batch = {BATCH}")
    return Trial(
        folder, command, Service(server), database_url, READERS, provider=name,
        tables=f'[bounces]\naddress = "bounces@briefings.example"\n[{name}]\nurl = "{server.url}"\n'
        f"retry_pause = 0.01\nrate = 1000\n{own}\n",
        environment=ENVIRONMENT,
    )  # fmt: skip
