"""The stamp of the last build: what went in and what came out, so that a build with nothing to do ends at once."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path

import briefingfeed
from briefingfeed.models.problem import Problem, Severity
from briefingfeed.models.settings import Settings

_LIBRARIES = ("feedgen", "icalendar", "jinja2", "lxml", "markupsafe", "nh3", "pyromark")
"""Those whose upgrade may change a byte of the output."""


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
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
    fresh.replace(file)


def fingerprint_inputs(settings: Settings, templates: Iterable[Path], editions: str = "") -> str:
    """Return a digest of everything that a build reads, by name, size and times: nothing is opened.

    `editions` is what tells which were mailed.
    """
    digest = hashlib.sha256()
    for version in _versions():
        digest.update(version.encode() + b"\0")
    digest.update(repr(settings).encode() + b"\0")
    digest.update(editions.encode() + b"\0")
    code = Path(briefingfeed.__file__).parent
    for folder in (settings.paths.posts, *templates, code):
        for line in sorted(_files_below(folder)):
            digest.update(line.encode("utf-8", "surrogateescape"))
    logo = (settings.theme.logo,) if settings.theme.logo and settings.theme.logo_file else ()
    for name in ("authors.toml", "ids.toml", *logo):
        digest.update(_stat_line(settings.paths.root / name).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def fingerprint_outputs(folder: Path, paths: Iterable[str], *, memory: Path) -> str:
    """Return a digest of what a build leaves, as it stands: the published files and the remembered ids."""
    digest = hashlib.sha256(_stat_line(memory).encode("utf-8", "surrogateescape"))
    base = os.path.realpath(folder)
    for path in sorted(paths):
        digest.update(_stat_line(f"{base}/{path}").encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _versions() -> Iterator[str]:
    yield sys.version
    yield briefingfeed.__version__
    for library in _LIBRARIES:
        yield metadata.version(library)


def _files_below(folder: Path) -> Iterator[str]:
    waiting = [str(folder)]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == "__pycache__" or entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield _line(entry.path, entry.stat(follow_symlinks=False))


def _stat_line(file: Path | str) -> str:
    try:
        return _line(str(file), os.stat(file, follow_symlinks=False))  # noqa: PTH116 - ten thousand times
    except OSError:
        return f"{file} is not there\n"


def _line(path: str, stat: os.stat_result) -> str:
    # The time of the last change of any kind tells what a kept modification time hides: a new mode, a restored file.
    return f"{path}\0{stat.st_mode}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ctime_ns}\n"
