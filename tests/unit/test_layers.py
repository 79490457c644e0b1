"""The house keeps its floors: who may import whom, and who may look at the clock (ARCHITECTURE.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "briefingfeed"

FLOORS = (
    {"__init__", "models"},  # models stand a step below the errors, which carry a `models.problem.Problem`
    {"errors", "hosts", "days", "shipped"},
    {"tokens", "http", "look", "images", "config", "output", "storage", "posts", "dkim"},
    {"feeds", "site", "newsletter", "providers", "mailbox"},
    {"delivery", "subscribers", "comments", "importing"},
    {"services"},
    {"publication"},
    {"web", "preview", "jobs"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

OWNERS = {
    "feedgen": ("feeds/",),
    "premailer": ("newsletter/inline.py",),
    "httpx": ("http.py", "providers/"),
    "flufl": ("mailbox/reading.py",),
    "imapclient": ("mailbox/imap.py",),
    "watchfiles": ("preview/watching.py",),
    "cryptography": ("dkim/", "providers/"),
    "dns": ("dkim/record.py",),
}
"""Libraries that few may import, and the files or folders that may."""

SURROUNDINGS = {
    "os.environ",
    "os.getenv",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
}
"""What only `publication` and the rooms above it may ask; `time.monotonic` measures, so everybody may."""

MOST_LINES = 350


def complaints(file: str, source: str) -> list[str]:
    """Every rule that `source` breaks if it stood at `file`, a path below src/briefingfeed with forward slashes."""
    tree = ast.parse(source)
    room = file.split("/")[0].removesuffix(".py")
    if room not in FLOOR_OF:
        return [f"{file}: the room {room} stands on no floor"]
    found = [f"{file}:{line}: {text}" for line, text in _import_complaints(file, room, tree)]
    if FLOOR_OF[room] < FLOOR_OF["publication"]:
        found += [f"{file}:{line}: reads {name}; pass it in" for line, name in _surroundings(tree)]
    lines = source.count("\n")
    if lines > MOST_LINES:
        found.append(f"{file}: {lines} lines; split it")
    return found


def _import_complaints(file: str, room: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    for line, module in _imports(file, tree):
        package, _, rest = module.partition(".")
        target = rest.partition(".")[0] or "__init__"
        if package in OWNERS and not file.startswith(OWNERS[package]):
            yield line, f"imports {package}, which belongs to {' and '.join(OWNERS[package])}"
        elif package == "briefingfeed" and target != room:
            if target not in FLOOR_OF:
                yield line, f"imports {target}, which stands on no floor"
            elif FLOOR_OF[target] >= FLOOR_OF[room]:
                yield line, f"{room} (floor {FLOOR_OF[room]}) imports {target} (floor {FLOOR_OF[target]})"


def _imports(file: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every import with its line, relative ones resolved, those inside functions and TYPE_CHECKING included."""
    here = ["briefingfeed", *file.split("/")[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            if module == "briefingfeed":
                names = (alias.name for alias in node.names if not alias.name.startswith("__"))
                yield from ((node.lineno, f"briefingfeed.{name}") for name in names)
            else:
                yield node.lineno, module


def _surroundings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if f"{owner}.{node.attr}" in SURROUNDINGS:
                yield node.lineno, f"{owner}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in {"os", "time"}:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node.lineno, name) for name in names if name in SURROUNDINGS)


def test_the_house_keeps_its_rules() -> None:
    found = [
        complaint
        for path in sorted(SOURCE.rglob("*.py"))
        for complaint in complaints(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("posts/store.py", "from briefingfeed.feeds.atom import build", "posts (floor 2) imports feeds (floor 3)"),
        ("posts/store.py", "import briefingfeed.storage.database", "posts (floor 2) imports storage (floor 2)"),
        ("posts/store.py", "from briefingfeed import cli", "posts (floor 2) imports cli (floor 8)"),
        ("posts/store.py", "from ..services import build", "posts (floor 2) imports services (floor 5)"),
        ("models/post.py", "def f():\n    import briefingfeed.errors", "models (floor 0) imports errors (floor 1)"),
        ("models/post.py", "from briefingfeed.drawer import x", "imports drawer, which stands on no floor"),
        ("drawer.py", "", "the room drawer stands on no floor"),
        ("site/page.py", "import feedgen.feed", "imports feedgen, which belongs to feeds/"),
        ("newsletter/render.py", "from premailer import Premailer", "imports premailer, which belongs to"),
        ("web/app.py", "import httpx", "imports httpx, which belongs to http.py and providers/"),
        ("services/sending/send.py", "import os\nos.environ['HOME']", "services/sending/send.py:2: reads os.environ"),
        ("services/sending/send.py", "from os import getenv", "reads os.getenv"),
        ("services/sending/send.py", "import datetime\ndatetime.datetime.now()", "reads datetime.now"),
        ("services/sending/send.py", "from datetime import date\ndate.today()", "reads date.today"),
        ("services/sending/send.py", "import time\nf(clock=time.time)", "reads time.time"),
        ("services/sending/send.py", "\n" * 351, "351 lines"),
    ],
)
def test_a_broken_rule_is_seen(file: str, source: str, complaint: str) -> None:
    assert [text for text in complaints(file, source) if complaint in text], complaints(file, source)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("posts/store.py", "from briefingfeed.posts.markdown import render\nfrom .files import read"),
        ("feeds/atom.py", "import feedgen.feed\nfrom briefingfeed.models.post import Post"),
        ("newsletter/inline.py", "from premailer import Premailer"),
        ("providers/postmark.py", "import httpx"),
        ("publication.py", "import os\nfrom datetime import datetime, UTC\nnow = datetime.now(UTC), os.environ"),
        ("delivery/run.py", "import time\ntime.monotonic()"),
        ("__main__.py", "from briefingfeed.cli import main"),
        ("cli/root.py", "from briefingfeed import __version__"),
    ],
)
def test_what_is_allowed_passes(file: str, source: str) -> None:
    assert complaints(file, source) == []
