"""I1 to I6: what must hold whatever happened, from the mail server's own counters and the database."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Protocol

from faults.books import Books, Row
from signatures import dkimpy_accepts, record

DOMAIN = "harbour.example"
"""Who signs, if anybody does."""
ENDED = frozenset({"accepted", "failed", "uncertain", "skipped", "expired"})


class Server(Protocol):
    """What took the mails, and wrote each down before it answered."""

    def counts(self) -> Counter[str]: ...

    def offered(self) -> list[tuple[str, bytes]]: ...


def assert_invariants(
    books: Books,
    server: Server,
    *,
    uncertain: int = 0,
    finished: bool = True,
    resent: Mapping[str, int] | None = None,
    vouched: Collection[str] = (),
) -> None:
    """Check I1 to I5 of one edition; I6 is `Trial.assert_silent`.

    `uncertain`: as many copies may be unclear. `resent`: how often the operator had an unclear copy sent again, by
    address. `vouched`: addresses whose unclear copy the operator settled in some other way: what the server has of
    them proves nothing.
    """
    (edition,) = books.editions()
    rows, copies = books.rows(), server.counts()
    twice = {address: count for address, count in copies.items() if count > 1 + (resent or {}).get(address, 0)}
    assert not twice, f"I1: more than one copy: {twice}"
    for row in rows:
        if row.address is not None and row.address not in vouched:
            _check(row, copies[row.address], finished=finished)
    strangers = set(copies) - {row.address for row in rows}
    assert not strangers or None in {row.address for row in rows}, f"copies for nobody of the edition: {strangers}"
    assert edition.recipients == len(rows), f"I4: {edition.recipients} recipients, {len(rows)} rows"
    _check_contents(rows, server.offered())
    unclear = [row.address for row in rows if row.state == "uncertain"]
    assert len(unclear) <= uncertain, f"{len(unclear)} unclear: {unclear}"
    if finished:
        assert edition.state in ("done", "cancelled"), edition.state


def _check(row: Row, copies: int, *, finished: bool) -> None:
    if row.state == "accepted":
        assert copies, f"I2: {row.address} is accepted, and the server has nothing"
    elif row.state not in ("uncertain", "submitting"):
        assert not copies, f"I2: {row.address} has a copy and is {row.state}"
    if finished:
        assert row.state in ENDED, f"I3: {row.address} is still {row.state}"


def _check_contents(rows: list[Row], offered: list[tuple[str, bytes]]) -> None:
    """I5: one content for each rendition; for each address one copy, octet by octet, and an identity of its own."""
    rendition = {row.address: row.rendition for row in rows}
    contents, copies = defaultdict(set), defaultdict(set)
    for recipient, content in offered:
        contents[rendition.get(recipient)].add(digest(content, recipient))
        copies[recipient].add(content)
    for of, found in contents.items():
        assert len(found) == 1, f"I5: {len(found)} different contents of rendition {of}"
    for recipient, attempts in copies.items():
        assert len(attempts) == 1, f"I5: {recipient} was offered {len(attempts)} different copies"
    identities = {identity(content) for attempts in copies.values() for content in attempts}
    assert len(identities) == len(copies), f"I5: {len(copies)} readers, {len(identities)} Message-IDs"


def assert_signed(server: Server) -> None:
    """Check that a verifier that isn't ours accepts each copy that came whole, whether the server took it or not."""
    refused = {recipient for recipient, content in server.offered() if not dkimpy_accepts(content, record(DOMAIN))}
    assert not refused, f"the signature is wrong: {refused}"


def identity(content: bytes) -> bytes:
    found = re.search(rb"^Message-ID: (<[^<>\r\n]+>)\r$", content, re.MULTILINE | re.IGNORECASE)
    assert found, "no Message-ID"
    return found[1]


def digest(content: bytes, recipient: str) -> str:
    """Return a hash of what all recipients of a copy share."""
    own = rb"^(To: |Message-ID: |List-Unsubscribe: |DKIM-Signature: )[^\r]*(\r\n[ \t][^\r]*)*"
    shared = re.sub(own, rb"\1", content, flags=re.M)
    links = re.sub(rb"/u/(?:=\r\n|[\w.-])+", b"/u/", shared)
    return sha256(links.replace(recipient.encode(), b"").replace(identity(content), b"")).hexdigest()
