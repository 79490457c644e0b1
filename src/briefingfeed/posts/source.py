"""One file becomes a draft of a post: its head typed, its text still Markdown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from briefingfeed.posts.characters import decode
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import HeadError, split
from briefingfeed.posts.head import PostHead, read_head
from briefingfeed.posts.identity import digest

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
    text: str
    first_line: int
    """Line of the file in which the text begins."""
    body_digest: str
    data: bytes = field(repr=False)
    findings: Findings = field(repr=False)
    source_digest: str
    """Of the whole file, byte by byte."""
    is_last_good: bool = False
    """Read from what was kept, because the file as it is cannot be published."""


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
        text=document.body,
        first_line=document.body_line,
        body_digest=digest(document.body),
        data=data,
        source_digest=hashlib.sha256(data).hexdigest()[:32],
        findings=findings,
        is_last_good=is_last_good,
    )
