"""Problems of files and findings of editions, as one list in which each leads to the field where it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from briefingfeed.models.problem import Problem
from briefingfeed.newsletter.finding import Finding
from briefingfeed.posts.characters import decode
from briefingfeed.posts.fields import NAMES
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.frontmatter import HeadError, split
from briefingfeed.services.previewing.specimen import post_mail
from briefingfeed.services.previewing.views import Remark, View, Weight

BODY = "body"
_ORDER = tuple(Weight)
_OF_A_WHOLE_MAIL = ("title", "summary")
"""Fields named by what is said of a mail's subject and size: they are others if other posts go with it."""


def remarks_of(problems: Iterable[Problem], findings: Iterable[Finding], root: Path) -> tuple[Remark, ...]:
    """Return everything found, the gravest first. Files that are named with a line are read once more, to find the
    field that stands there."""
    return _in_order((*_of_findings(findings), *_of_problems(problems, root)))


def remarks_on(view: View, path: str) -> tuple[Remark, ...]:
    """Return everything found about one post, whether an edition carries it or not: drafts are to be mended too."""
    known = [remark for remark in view.remarks if remark.path == path]
    post = view.post(path)
    findings = post_mail(view, post)[1] if post else ()
    own = [each for each in findings if each.post_path == path and each.field not in _OF_A_WHOLE_MAIL]
    return _in_order((*known, *_of_findings(own)))


def _in_order(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    found = dict.fromkeys(remarks)
    return tuple(sorted(found, key=lambda each: (_ORDER.index(each.weight), each.path or "", each.line or 0)))


def _of_findings(findings: Iterable[Finding]) -> Iterator[Remark]:
    for finding in findings:
        yield Remark(
            weight=Weight.STOPS if finding.stops else Weight.WARNING,
            message=finding.message,
            remedy=finding.remedy,
            path=finding.post_path,
            field=(finding.field or BODY) if finding.post_path else None,
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
