"""Requests to Amazon SES against botocore, Amazon's own library: their signature, and what may stand in them."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from briefingfeed.models.settings import PathSettings
from briefingfeed.providers.http_provider import HttpProvider
from briefingfeed.providers.http_service import Copy
from briefingfeed.providers.registry import provider_spec
from briefingfeed.providers.sigv4 import Signature
from servers.botocore_process import complaints, signatures
from servers.recorded_work import message

REGIONS = ("eu-west-1", "us-gov-west-1", "ap-southeast-2", "cn-north-1")
STEPS = (
    "v2",
    "email",
    "",
    ".",
    "..",
    "a b",
    "é",
    "žába",
    "100%",
    "%41",
    "~user",
    "a+b",
    "c:d@e",
    "f;g=h",
    "(!*')",
    "$&,",
)
HOSTS = ("email.eu-west-1.amazonaws.com", "127.0.0.1:4566", "gate.example:8443", "[::1]:5000")
BODIES = (b"", b"{}", "„žába“ 🌊".encode(), bytes(range(256)), b"x" * 60_000)


class Chance(random.Random):
    def words(self, least: int, most: int, letters: str = string.ascii_letters + string.digits + "/+=") -> str:
        return "".join(self.choices(letters, k=self.randint(least, most)))

    def case(self) -> dict[str, Any]:
        """What requests are signed with; the session token may hold spaces."""
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.randrange(4 * 366 * 86_400))
        return {
            "key_id": self.words(1, 30, string.ascii_uppercase + string.digits),
            "secret": self.words(1, 60),
            "token": self.choice((None, self.words(1, 900), "  ".join(self.words(1, 9) for _ in range(3)))),
            "region": self.choice(REGIONS),
            "now": moment.isoformat(),
        }

    def path(self, most: int) -> str:
        return "/".join(self.choices(STEPS, k=self.randrange(most)))


@pytest.fixture
def chance() -> Chance:
    return Chance(11)


def by_botocore(case: Mapping[str, Any], url: httpx.URL, host: str, content: bytes) -> dict[str, Any]:
    """Put a request before botocore as it goes over the wire."""
    wire = f"{url.scheme}://{host}{url.raw_path.decode()}"
    return {
        **case,
        "url": wire,
        "headers": {"Content-Type": "application/json", "Host": host},
        "content": content.hex(),
    }


def test_requests_of_all_kinds_are_signed_alike(chance: Chance) -> None:
    ours, asked = [], []
    for _ in range(400):
        one = chance.case()
        host, content = chance.choice(HOSTS), chance.choice((*BODIES, chance.randbytes(chance.randrange(300))))
        path = "/" + chance.path(7)
        url = httpx.URL(f"https://{host}").copy_with(path=path)
        signature = Signature(
            key_id=one["key_id"], secret=one["secret"], token=one["token"], region=one["region"], service="ses"
        )
        made = signature.headers(host, url.raw_path.decode(), content, datetime.fromisoformat(one["now"]))
        ours.append(made["authorization"])
        asked.append(by_botocore(one, url, host, content))
    assert ours == signatures(asked)


def test_what_the_provider_sends_is_signed_as_it_goes_over_the_wire_and_fits_the_model(chance: Chance) -> None:
    ours, asked, contents = [], [], []
    for number in range(200):
        one = chance.case()
        place = f"https://{chance.choice(HOSTS)}/{chance.path(4)}" if number else ""
        request = _request_of(one, url=place, recipient=f"{chance.words(1, 20)}@bücher.example")
        sent = httpx.Request("POST", request.url, headers=request.headers, content=request.content)
        ours.append(sent.headers["authorization"])
        asked.append(by_botocore(one, sent.url, sent.headers["host"], sent.content))
        contents.append(sent.content)
    assert ours == signatures(asked)
    assert not any(complaints(contents))
    assert all(complaints([b"{}", contents[0].replace(b"ToAddresses", b"Addresses")]))


def _request_of(case: Mapping[str, Any], *, url: str, recipient: str) -> Any:
    spec = provider_spec("ses")
    nowhere = Path("/nonexistent")
    paths = PathSettings(root=nowhere, posts=nowhere, templates=nowhere, output=nowhere, state=nowhere)
    secrets = dict(zip(spec.secrets, (case["key_id"], case["secret"], case["token"]), strict=True))
    settings = spec.settings(url=url, region=case["region"], configuration_set="weekly")
    provider = spec.build(settings, secrets, paths, lambda: datetime.fromisoformat(case["now"]))
    assert isinstance(provider, HttpProvider)
    [request] = provider.service.requests([Copy(message(1, recipient), recipient)])
    return request
