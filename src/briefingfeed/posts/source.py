"""One file becomes a draft of a post: its head typed, its text still Markdown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from briefingfeed.errors import StorageError
from briefingfeed.posts.characters import decode
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import HeadError, find_head, split
from briefingfeed.posts.head import PostHead, read_head
from briefingfeed.posts.identity import digest
from briefingfeed.posts.notes import Making, Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from briefingfeed.models.post import Author
    from briefingfeed.models.settings import PublicationSettings
    from briefingfeed.posts.discovery import Candidate

LIMIT = 2 * 1024 * 1024
"""Bytes that a post may have: some 300,000 words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    candidate: Candidate
    head: PostHead
    first_line: int
    """Line of the file in which the text begins."""
    body_digest: str
    findings: Findings = field(repr=False)
    source_digest: str
    """Of the whole file, byte by byte."""
    at_hand: bytes | None = field(default=None, repr=False)
    """The file's bytes, if it was read just now."""
    making: Making | None = field(default=None, repr=False)
    """What became of it when it was read before."""
    is_last_good: bool = False
    """Read from what was kept, because the file as it is cannot be published."""

    @property
    def data(self) -> bytes:
        """The file's bytes. Raises StorageError if it is not what it was a moment ago."""
        if self.at_hand is not None:
            return self.at_hand
        data = read_bytes(self.candidate, Findings(self.candidate.path))
        if data is None or source_digest(data) != self.source_digest:
            raise StorageError(
                "the file changed while it was being read",
                where=str(self.candidate.file),
                remedy="nothing to do but to run the command again",
            )
        return data

    @property
    def text(self) -> str:
        """What stands below the head, still Markdown. Raises StorageError like `data`."""
        text = decode(self.data, Findings(self.candidate.path)) or ""
        head = find_head(text)
        return text[head.body :] if head else text

    @property
    def note(self) -> Note:
        """What there is to remember of it, but for its making."""
        return Note(
            digest=self.source_digest,
            body_digest=self.body_digest,
            first_line=self.first_line,
            head=self.head,
            problems=self.findings.problems,
        )


def recalled(note: Note, candidate: Candidate, data: bytes | None = None) -> Draft:
    """Return the draft that a file gave when it was read before. `data` are its bytes, if they had to be read."""
    findings = Findings(candidate.path)
    findings.recall(note.problems)
    return Draft(
        candidate=candidate,
        head=note.head,
        first_line=note.first_line,
        body_digest=note.body_digest,
        findings=findings,
        source_digest=note.digest,
        at_hand=data,
        making=note.making,
    )


def source_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def read_bytes(candidate: Candidate, findings: Findings) -> bytes | None:
    """Return the file's bytes; None, with an error among the findings, if they cannot be had or are too many."""
    try:
        with candidate.file.open("rb") as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        findings.error(f"The file cannot be read ({error.strerror}).", "Check its permissions.")
        return None
    if len(data) > LIMIT:
        findings.error(
            f"The post is larger than {LIMIT // 1024 // 1024} MB, which no feed reader or mail program shows.",
            "Split it, or publish the long part as a PDF beside the post and link to it.",
        )
        return None
    return data


def parse(
    data: bytes,
    candidate: Candidate,
    people: Mapping[str, Author],
    publication: PublicationSettings,
    findings: Findings,
    *,
    is_last_good: bool = False,
) -> Draft | None:
    """Return the draft; None if the findings hold an error, or if the file is a README and the like without a head."""
    text = decode(data, findings)
    if text is None:
        return None
    try:
        document = split(text)
    except HeadError as error:
        findings.error(error.message, error.remedy, error.line)
        return None
    if document.syntax is None:
        if not candidate.is_paper:
            findings.error(
                "The file has no front matter, so it has neither title nor date.",
                "Begin it with a line ---, then title: and date: lines, then --- again. If it is no post, move it "
                "elsewhere or begin its name with an underscore.",
                1,
            )
        return None
    if candidate.is_paper and not any(entry.key.lower() == "date" for entry in document.entries):
        return None
    head = read_head(document, candidate, people, publication, findings)
    if head is None:
        return None
    return Draft(
        candidate=candidate,
        head=head,
        first_line=document.body_line,
        body_digest=digest(document.body),
        at_hand=data,
        source_digest=source_digest(data),
        findings=findings,
        is_last_good=is_last_good,
    )
