"""The stamp of the last build: what went in and what came out, so that a build with nothing to do ends at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings
from briefingfeed.services.publishing import kept_files
from briefingfeed.services.publishing.file_marks import mark_of, marks_below
from briefingfeed.services.publishing.surroundings import fingerprint_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    inputs: str
    outputs: str
    built_at: datetime
    next_change: datetime | None
    """When the output would change by time alone."""
    posts: int
    files: int
    problems: tuple[Problem, ...]

    def holds_at(self, now: datetime) -> bool:
        return self.built_at <= now and (self.next_change is None or now < self.next_change)


def read_stamp(file: Path) -> Stamp | None:
    """Return the last stamp; None if there is none that can be read: then everything is built."""
    try:
        kept = json.loads(file.read_bytes())
        next_change = kept["next_change"]
        return Stamp(
            inputs=kept["inputs"],
            outputs=kept["outputs"],
            built_at=datetime.fromisoformat(kept["built_at"]),
            next_change=datetime.fromisoformat(next_change) if next_change else None,
            posts=kept["posts"],
            files=kept["files"],
            problems=tuple(
                Problem(**{**problem, "severity": Severity(problem["severity"])}) for problem in kept["problems"]
            ),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(file: Path, stamp: Stamp) -> None:
    kept = {
        **asdict(stamp),
        "built_at": stamp.built_at.isoformat(),
        "next_change": stamp.next_change.isoformat() if stamp.next_change else None,
    }
    kept_files.keep(file, json.dumps(kept, ensure_ascii=False))


def fingerprint_inputs(settings: Settings, templates: Iterable[Path], editions: str = "") -> str:
    """Return a digest of everything that a build reads, by name, size and times: nothing is opened.

    `editions` is what tells which were mailed.
    """
    digest = hashlib.sha256(f"{fingerprint_code()}\0{settings!r}\0{editions}\0".encode())
    for folder in (settings.paths.posts, *templates):
        for mark in marks_below(folder):
            digest.update(mark)
    logo = (settings.theme.logo,) if settings.theme.logo and settings.theme.logo_file else ()
    for name in ("authors.toml", "ids.toml", *logo):
        digest.update(mark_of(settings.paths.root / name))
    return digest.hexdigest()


def fingerprint_outputs(folder: Path, paths: Iterable[str], *, memory: Path) -> str:
    """Return a digest of what a build leaves, as it stands: the published files and the remembered ids."""
    digest = hashlib.sha256(mark_of(memory))
    base = os.path.realpath(folder)
    for path in sorted(paths):
        digest.update(mark_of(f"{base}/{path}"))
    return digest.hexdigest()
