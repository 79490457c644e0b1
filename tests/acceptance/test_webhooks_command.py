"""Webhooks as an operator meets them: a digest goes out by a service, which then tells what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from acceptance.newsroom import Newsroom, ended
from briefingfeed.models.delivery import DeliveryState
from servers.postmark_server import TOKEN, Plan, PostmarkServer

ANN, BOB = "ann@readers.example", "bob@readers.example"
SECRET = {"BRIEFINGFEED_POSTMARK_TOKEN": TOKEN}


class Office(Newsroom):
    """A publication that mails by Postmark, and what Postmark tells about it."""

    def __init__(self, folder: Path, postmark: PostmarkServer) -> None:
        super().__init__(folder, provider="postmark", more=f'[postmark]\nurl = "{postmark.url}"\nretry_pause = 0.01\n')
        self.postmark = postmark
        self.write("Tides")
        self.subscribe([ANN, BOB])

    def entered(self) -> str:
        """The address that the operator enters at Postmark."""
        (webhook,) = json.loads(self.run("webhooks", "--json", expect=0).stdout)
        assert (webhook["provider"], webhook["open"], webhook["needs"]) == ("postmark", True, None)
        return str(webhook["address"])

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run `serve`; yield where Postmark reaches it, by the address that was entered."""
        given = urlsplit(self.entered())
        with ended(self.start("serve", "--port", "0")) as process:
            assert process.stderr is not None
            here = urlsplit(process.stderr.readline().split()[2])
            yield f"http://{given.username}:{given.password}@{here.netloc}{given.path}"
            process.terminate()
            process.communicate(timeout=30)

    def told_of(self, address: str, **record: object) -> dict[str, object]:
        """Return a record about the copy for `address`, as far as Postmark repeats what it was given."""
        (message,) = [each for each in self.postmark.requests()[0]["messages"] if each["To"] == address]
        return {"Metadata": message["Metadata"], "ID": 1, "MessageID": "unknown-here", "Email": address} | record


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.fixture
def office(tmp_path: Path, plan: Plan) -> Iterator[Office]:
    with PostmarkServer(tmp_path / "postmark", plan) as postmark:
        yield Office(tmp_path / "publication", postmark)


def test_a_bounce_that_postmark_tells_ends_the_mail_to_that_address(office: Office) -> None:
    office.send(environment=SECRET)
    told = office.told_of(ANN, RecordType="Bounce", Type="HardBounce", Details="smtp;550 5.1.1 User unknown")
    with office.serving() as address:
        assert httpx.post(address.replace("briefingfeed:", "briefingfeed:x"), json=told).status_code == 401
        assert [httpx.post(address, json=told).status_code for _ in range(2)] == [200, 200]
    shown = json.loads(office.run("subscribers", "show", ANN, "--json", expect=0).stdout)
    assert "5.1.1" in json.dumps(shown)
    assert len(json.loads(office.run("bounces", "list", "--json", expect=0).stdout)) == 1


class TestWhenTheAnswerIsLost:
    @pytest.fixture
    def plan(self) -> Plan:
        return Plan(answer="drop", times=1)

    def test_what_postmark_tells_settles_the_copies(self, office: Office) -> None:
        office.send(environment=SECRET, expect=None)
        assert set(office.states().values()) == {DeliveryState.UNCERTAIN}
        with office.serving() as address:
            for reader in (ANN, BOB):
                told = office.told_of(reader, RecordType="Delivery", Recipient=reader)
                assert httpx.post(address, json=told).status_code == 200
        assert set(office.states().values()) == {DeliveryState.ACCEPTED}
        office.send(environment=SECRET)
        assert len(office.postmark.taken()) == 2, "and nobody is mailed twice"


def test_a_mail_server_does_not_call_back(tmp_path: Path) -> None:
    done = Newsroom(tmp_path / "publication").run("webhooks", expect=0)
    assert "What comes back comes by mail" in done.stdout


def test_the_address_is_said_with_what_to_choose_there(office: Office) -> None:
    done = office.run("webhooks", expect=0)
    assert done.stdout.startswith("postmark: enter this address there, for Delivery, Bounce, Spam Complaint")
    assert f"\n  {office.entered()}\n" in done.stdout
    assert office.entered().startswith("http://briefingfeed:")
    assert office.entered().endswith("@127.0.0.1:8090/hooks/postmark")


def test_an_address_that_nobody_should_call_is_told_here_and_by_check(office: Office) -> None:
    settings = office.folder / "briefingfeed.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("http://127.0.0.1:8090", "http://www.harbour.example"), "utf-8")
    for arguments in (("webhooks",), ("webhooks", "--json")):
        assert "at http://www.harbour.example can be read on its way" in office.run(*arguments, expect=0).stderr
    assert "at http://www.harbour.example can be read on its way" in office.run("check", expect=1).stderr

    settings.write_text(text.replace("http://127.0.0.1:8090", "https://www.harbour.example"), "utf-8")
    assert office.run("webhooks", expect=0).stderr == ""
    assert "public_url" not in office.run("check").stderr
