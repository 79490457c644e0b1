"""ids.toml: the ids that posts had in another program, so that feed readers don't show them as new after a move.

One line per post, `"posts/2019-05-04-hello.md" = "tag:blogger.com,1999:blog-1.post-2"`. The post is named by its file,
by its slug, or by an address that it has or had (its url or an alias, the host not counting). `briefingfeed ids adopt`
writes the file; `build` only reads it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from briefingfeed.errors import StorageError
from briefingfeed.posts.findings import Findings
from briefingfeed.posts.places import place

if TYPE_CHECKING:
    from briefingfeed.models.problem import Problem
    from briefingfeed.posts.identity import Claim

FILE = "ids.toml"

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f<>\"{}|\\^`]+")

_HEAD = """\
# The ids that posts had before they came here. Feed readers know posts by these, so never change them.
# A post is named by its file, its slug, or an old address.

"""


@dataclass(frozen=True, slots=True)
class KeptIds:
    """Ids by what names the post in ids.toml."""

    ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.ids)

    def assign(self, claims: Iterable[Claim]) -> dict[str, str]:
        """Return ids by path. What names the file counts before what names slug or address; of two posts that one line
        fits, the older has the id. A file that has moved is known by its name, if no other has that name.
        """
        if not self.ids:
            return {}
        ordered = sorted(claims, key=lambda claim: (claim.day, claim.path))
        names = Counter(claim.path.rpartition("/")[2] for claim in ordered)
        given = {claim.path: self.ids[claim.path] for claim in ordered if claim.path in self.ids}
        taken = set(given.values())
        others = {_folded(key): id_ for key, id_ in self.ids.items() if id_ not in taken}
        for claim in ordered:
            name = claim.path.rpartition("/")[2]
            signs = [name] if names[name] == 1 else []
            signs += [claim.slug.casefold(), *(found for each in claim.addresses if (found := _folded(each)))]
            id_ = next((others[sign] for sign in signs if sign in others), None)
            if claim.path not in given and id_ is not None and id_ not in taken:
                given[claim.path] = id_
                taken.add(id_)
        return given


def is_usable(id_: str) -> bool:
    """Whether an id may stand in every format: Atom wants an absolute IRI (RFC 4287, section 4.2.6)."""
    return _IRI.fullmatch(id_) is not None


def load_kept_ids(file: Path) -> tuple[KeptIds, list[Problem]]:
    """Read ids.toml; a missing file is an empty one. Problems are errors: without its ids old posts would be new."""
    findings = Findings(file.name)
    table: dict[str, object] = {}
    text = ""
    try:
        text = file.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except FileNotFoundError:
        return KeptIds(), []
    except (OSError, UnicodeDecodeError) as error:
        findings.error(f"The file cannot be read: {error}.", "Check its permissions, and save it as UTF-8 text.")
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        findings.error(f"This is not right TOML: {error}.", _REMEDY, int(line[1]) if line else None)
    ids: dict[str, str] = {}
    for key, value in table.items():
        if not isinstance(value, str) or not is_usable(value):
            findings.error(f"The id of {key} is not a full address.", _REMEDY, _line(text, key))
        elif value in ids.values():
            findings.error(f"{key} has the same id as another post.", "Delete one of the two.", _line(text, key))
        else:
            ids[key] = value
    return KeptIds(MappingProxyType(ids)), list(findings.problems)


def add_kept_ids(file: Path, ids: Mapping[str, str]) -> None:
    """Write ids behind those that the file has; whatever stands in it stays. Raises StorageError."""
    try:
        before = file.read_text(encoding="utf-8-sig") if file.exists() else _HEAD
        end = "" if before.endswith("\n") else "\n"
        lines = "".join(f"{_quoted(key)} = {_quoted(id_)}\n" for key, id_ in sorted(ids.items()))
        fresh = file.with_name(f".{file.name}.new")
        fresh.write_text(f"{before}{end}{lines}", encoding="utf-8")
        fresh.replace(file)
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"the ids cannot be written: {error}", where=str(file), remedy="check the disk and the file's permissions"
        ) from error


_REMEDY = 'Write "posts/2019-05-04-hello.md" = "tag:…": the post in front, the id it had behind.'


def _folded(key: str) -> str:
    """Return how a post is looked up by this key."""
    if "://" in key or key.startswith("/"):
        return f"/{place(key)}"
    return key.rpartition("/")[2] if "/" in key else key.casefold()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _line(text: str, key: str) -> int | None:
    found = re.search(rf"^[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*=", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else None
