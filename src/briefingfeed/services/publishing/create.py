"""Start a publication (`init`), a post (`new`), and write permanent ids into older posts (`ids write`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from briefingfeed import config
from briefingfeed.errors import ConfigurationError, RefusedError, StorageError, UsageError
from briefingfeed.models.post import Post
from briefingfeed.models.settings import PublicationSettings, Settings
from briefingfeed.posts.identity import tag
from briefingfeed.posts.insertion import insert_id
from briefingfeed.posts.slugs import slugify


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a new publication is called and who it is."""

    title: str
    url: str
    sender: str
    postal_address: str
    timezone: str
    language: str = "en"


_SETTINGS = """\
# The settings of this publication. Every key has a default; an unknown key is an error, with a suggestion.

[publication]
title = {title}
language = {language}

# Where readers find the site. Feeds and mails link to it.
url = {url}

# What ids of posts and feeds begin with: never change it, even if the address above changes one day.
id_authority = {id_authority}

# Dates in posts, and the hour below, are meant in this time zone.
timezone = {timezone}

# Stands at the foot of every mail; the law of many countries asks for it.
postal_address = {postal_address}

[newsletter]
from = {sender}
weekly = "Mon 08:00"

# Until a provider is named, mails are written to var/outbox and nobody is mailed.
# provider = "smtp"

# Who sees each digest three hours before it goes, and who is told how it went.
# proof_to = ["you@example.org"]
# report_to = ["you@example.org"]

# The password comes from the environment: BRIEFINGFEED_SMTP_PASSWORD
# [smtp]
# host = "mail.example.org"
# username = "briefings@example.org"

# Where `briefingfeed serve` is reached from outside; unsubscribe links begin with it. Default: the url above.
# [web]
# public_url = "https://mail.example.org"
"""

_PEOPLE = """\
# The people who write. A post names them by key:   authors: [ann]
#
# [ann]
# name = "Ann Example"
# role = "Head of policy"
# organisation = "Our organisation"
"""

_FIRST_POST = """\
The first paragraph is the summary, unless the front matter has one. Replace this text with yours.

## A heading

- a list
- of things

> A quotation stands behind angle brackets.
>
> — Its source begins with a dash
"""


def check_free(folder: Path) -> None:
    """Raise RefusedError if there is a publication in `folder`, StorageError if it may not be looked into."""
    if _exists(folder / config.FILE_NAME):
        raise RefusedError(
            "there is a publication already", where=str(folder), remedy="name another folder: briefingfeed init FOLDER"
        )


def check_identity(identity: Identity, today: date) -> None:
    """Raise UsageError if `identity` won't do."""
    _proved(_settings_of(identity, today))


def create_publication(folder: Path, identity: Identity, today: date) -> tuple[Path, ...]:
    """Write settings, people and a first post into `folder`; return the files.

    Posts that are there already make the first post unnecessary. What exists is never written over. Raises
    RefusedError if a publication is there, UsageError if `identity` won't do, StorageError if it cannot be written.
    """
    check_free(folder)
    settings = _settings_of(identity, today)
    publication = _proved(settings)
    post_id = tag(publication, today, "welcome")
    files = {
        folder / "briefingfeed.toml": settings,
        folder / "authors.toml": _PEOPLE,
        folder / "posts" / f"{today}-welcome.md": _post_source(
            "Welcome", post_id, _FIRST_POST, "email: false   # a first page to look at; no mail carries it\n"
        ),
        folder / ".gitignore": "/public/\n/.public.briefingfeed-staging/\n/var/\n",
    }
    has_posts = any((folder / "posts").glob("**/*"))
    written = [file for file in files if not _exists(file) and not (has_posts and file.suffix == ".md")]
    for file in reversed(written):  # the settings last: a half-made folder can be made again
        _write_new(file, files[file])
    return tuple(written)


def create_post(settings: Settings, title: str, day: date) -> Path:
    """Write an empty post of that title and return its file. Raises RefusedError if the file exists."""
    slug = slugify(title)
    file = settings.paths.posts / f"{day}-{slug}.md"
    if _exists(file):
        raise RefusedError(
            "there is such a post already", where=str(file), remedy="give the new one another title or --date"
        )
    post_id = tag(settings.publication, day, slug)
    _write_new(file, _post_source(title, post_id, "Write here.\n", "draft: true   # remove this line to publish\n"))
    return file


def write_ids(settings: Settings, posts: Iterable[Post]) -> tuple[str, ...]:
    """Write `id:` into the files of `posts` that have none; return their paths. All else stays byte for byte."""
    changed = []
    for post in posts:
        file = settings.paths.root / post.path
        before = file.read_bytes()
        after = insert_id(before, post.id)
        if after != before:
            _replace(file, after)
            changed.append(post.path)
    return tuple(changed)


def _settings_of(identity: Identity, today: date) -> str:
    values = asdict(identity) | {"id_authority": f"{urlsplit(identity.url).hostname},{today.year}"}
    return _SETTINGS.format(**{key: _quoted(value) for key, value in values.items()})


def _proved(settings: str) -> PublicationSettings:
    """Read settings as they will be read later, before anything is written. Raises UsageError."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / config.FILE_NAME
        file.write_text(settings, encoding="utf-8")
        try:
            return config.load(file, provider_names=()).publication
        except ConfigurationError as error:  # of a file that the user has never seen
            mistakes = re.sub(r"^\S*?:\d+: ", "", error.message, flags=re.MULTILINE)
            raise UsageError(mistakes, remedy="give it again; nothing was written") from error


def _post_source(title: str, post_id: str, body: str, more: str) -> str:
    return f"---\ntitle: {_quoted(title)}\nid: {post_id}\n{more}---\n\n{body}"


def _quoted(value: str) -> str:
    """Write a text as TOML and YAML both read it. Raises UsageError for one that holds control characters."""
    if not value.isprintable() or not value.strip():
        raise UsageError(f"{value!r} is not a line of text", remedy="give it again, in words and on one line")
    return json.dumps(value, ensure_ascii=False)


def _exists(file: Path) -> bool:
    """Raises StorageError if the folder may not be looked into."""
    try:
        return file.exists()
    except OSError as error:
        raise _unwritten(file, error) from error


def _write_new(file: Path, text: str) -> None:
    """Write a file that isn't there yet, whole or not at all."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = file.open("x", encoding="utf-8", newline="\n")
    except OSError as error:
        raise _unwritten(file, error) from error
    try:
        with out:
            out.write(text)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise _unwritten(file, error) from error


def _unwritten(file: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot be written: {(error.strerror or str(error)).lower()}",
        where=str(file),
        remedy="see that the disk has room, and that you may write there; then run the same command again",
    )


def _replace(file: Path, content: bytes) -> None:
    """Write beside and swap, so that a post is never half-written."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_bytes(content)
        draft.chmod(file.stat().st_mode)
        draft.replace(file)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise _unwritten(file, error) from error
