"""moto's server, which plays Amazon SES, on a free port of this machine. It lives in an environment of its own
(tests/setup/moto), since what it needs can't stand beside what feedgen needs; botocore lives there, too.

It takes what its model of the API allows, from senders that were verified, and never looks at a signature.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from servers.answering import wait_for_answer
from servers.botocore_process import PYTHON
from servers.ports import free_port

_FOR_SES = "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/ses/aws4_request, SignedHeaders=host, Signature=0"
"""By these words it knows which of Amazon's services is meant."""
_SENDING = "/v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class Moto:
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """Begin anew, as if just started."""
        self._ask("POST", "/moto-api/reset")

    def verify(self, identity: str) -> None:
        """Let `identity`, a domain or an address, be sent from."""
        self._ask("POST", "/v2/email/identities", {"EmailIdentity": identity})

    def offered(self) -> list[tuple[str, bytes]]:
        """Every mail that it took, by its recipient, as it came."""
        found = self._ask("GET", "/moto-api/data.json")
        mails = found["ses"]["RawMessage"]
        for mail in mails:  # it adds who stands in To
            assert len(set(mail["destinations"])) == 1, mail["destinations"]
        return [(mail["destinations"][0], mail["raw_data"].encode()) for mail in mails]

    def counts(self) -> Counter[str]:
        return Counter(recipient for recipient, _ in self.offered())

    def commands(self) -> list[str]:
        """Every request to send, taken or refused."""
        return [line for line in self.log.read_text().splitlines() if _SENDING in line]

    def _ask(self, method: str, path: str, content: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": _FOR_SES, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(content) if content else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, (answer.status, text)
        return json.loads(text)


@contextmanager
def moto(folder: Path) -> Iterator[Moto]:
    """Start it; it writes its log into `folder`."""
    assert PYTHON.exists(), "moto is missing: make tests/setup/moto/.venv/stamp"
    port, log = free_port(), folder / "moto.log"
    with log.open("wb") as output:
        command = [PYTHON, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for_answer(port, "/moto-api/data.json", process, log)
        yield Moto(port, log)
    finally:
        process.terminate()
        process.wait(timeout=30)
