"""Problems of files and findings of editions, as one list in which each leads to the field where it is mended."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.finding import Finding
from briefingfeed.posts.characters import decode
from briefingfeed.posts.fields import NAMES
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import HeadError, split
from briefingfeed.services.previewing.views import Remark, Weight

BODY = "body"
_NAMED = re.compile(r"`(\w+)`|\b(image_alt)\b")
_ORDER = tuple(Weight)


def remarks_of(problems: Iterable[Problem], findings: Iterable[Finding], root: Path) -> tuple[Remark, ...]:
    """Return everything found, the gravest first. Files that are named with a line are read once more, to find the
    field that stands there."""
    found = dict.fromkeys((*_of_findings(findings), *_of_problems(problems, root)))
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.weight), each.path or "", each.line or 0)))


def _of_findings(findings: Iterable[Finding]) -> Iterator[Remark]:
    for finding in findings:
        field = None
        if finding.post_path:
            named = [name for pair in _NAMED.findall(finding.remedy) for name in pair if name in NAMES]
            field = named[0] if named and "![" not in finding.remedy else BODY
        yield Remark(
            weight=Weight.STOPS if finding.stops else Weight.WARNING,
            message=finding.message,
            remedy=finding.remedy,
            path=finding.post_path,
            field=field,
        )


def _of_problems(problems: Iterable[Problem], root: Path) -> Iterator[Remark]:
    fields: dict[str, list[tuple[int, str]]] = {}
    for problem in problems:
        if problem.path not in fields:
            fields[problem.path] = _fields(root / problem.path)
        yield Remark(
            weight=Weight.ERROR if problem.is_error else Weight.WARNING,
            message=problem.message,
            remedy=problem.remedy,
            path=problem.path,
            field=_field_at(problem.line, fields[problem.path]),
            line=problem.line,
        )


def _field_at(line: int | None, fields: list[tuple[int, str]]) -> str | None:
    before = [name for first, name in fields if line is not None and first <= line]
    return before[-1] if before else fields[0][1] if fields else None


def _fields(file: Path) -> list[tuple[int, str]]:
    """Return first line and name of each field of a post, the text last; nothing if there are none to be told."""
    try:
        text = decode(file.read_bytes(), Findings(file.name))
        document = split(text or "")
    except (OSError, HeadError):
        return []
    ours = {name: key for key, names in NAMES.items() for name in names}
    known = [(entry.line, ours.get(entry.key.lower(), BODY)) for entry in document.entries]
    return [*known, (document.body_line, BODY)]
