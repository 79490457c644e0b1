"""briefingfeed.toml -> models.Settings. Every mistake in the file is reported together, each with its line."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from briefingfeed.config.conversions import Unfit, convert
from briefingfeed.errors import ConfigurationError
from briefingfeed.models.settings import (
    LARGEST_BUDGET_KB,
    USUAL_FOLDERS,
    BounceSettings,
    DatabaseSettings,
    FeedSettings,
    IdSettings,
    NewsletterSettings,
    PathSettings,
    PublicationSettings,
    Settings,
    SiteSettings,
    WebSettings,
)
from briefingfeed.models.theme import ThemeSettings

FILE_NAME = "briefingfeed.toml"
_PATH = re.compile(r"/(?:[^\s/?#\\][^\s?#\\]*)?")
_TARGET = re.compile(r"(?:https?://[^\s/?#@]+)?/(?:[^\s/\\][^\s\\]*)?")

T = TypeVar("T")

_SECTIONS: Mapping[str, type[Any]] = {
    "publication": PublicationSettings,
    "site": SiteSettings,
    "feeds": FeedSettings,
    "ids": IdSettings,
    "newsletter": NewsletterSettings,
    "bounces": BounceSettings,
    "web": WebSettings,
    "theme": ThemeSettings,
}
_NONE: Mapping[str, str] = MappingProxyType({})


def load(file: Path, *, provider_names: Collection[str], unfit: Mapping[str, str] = _NONE) -> Settings:
    """Read and convert the settings. `provider_names` are the tables that providers may have; `unfit` says of others
    why they are none.

    Raises ConfigurationError that lists everything wrong, with lines and suggestions.
    """
    source = _read(file)
    root = file.resolve().parent
    tables = _parse(file, source)
    mistakes: list[str] = []
    reader = _Reader(file, source, mistakes)
    reader.no_strangers(tables, {*_SECTIONS, "paths", "database", "redirects", *provider_names, *unfit}, where="")
    sections: dict[str, Any] = {
        name: reader.table(cls, reader.sub_table(tables, name), name) for name, cls in _SECTIONS.items()
    }
    reader.budget(sections["newsletter"])
    paths = _paths(reader, root, reader.sub_table(tables, "paths"))
    database = _database(reader, paths, reader.sub_table(tables, "database"))
    redirects = reader.redirects(reader.sub_table(tables, "redirects"))
    if provider_names:
        newsletter = reader.sub_table(tables, "newsletter")
        reader.one_of(newsletter, "provider", provider_names, where="newsletter", unfit=unfit)
    providers = {name: reader.sub_table(tables, name) for name in provider_names if name in tables}
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return Settings(
        file=file.resolve(),
        paths=paths,
        database=database,
        provider_tables=MappingProxyType(providers),
        redirects=MappingProxyType(redirects),
        **sections,
    )


def read_table(cls: type[T], table: Mapping[str, object], *, file: Path, name: str) -> T:
    """Convert one provider's table `[name]` into its settings dataclass. Raises ConfigurationError."""
    mistakes: list[str] = []
    settings = _Reader(file, _read(file), mistakes).table(cls, table, name)
    if mistakes or settings is None:
        raise ConfigurationError("\n".join(mistakes))
    return settings


def place_of(file: Path, where: str | None) -> str | None:
    """Return where in the settings file a place such as `[database] url` stands; any other place as it is.

    What reads a setting later than this room knows its name, not its line.
    """
    named = re.fullmatch(r"\[([\w-]+)\](?: (\w+))?", where or "")
    if named is None:
        return where
    try:
        reader = _Reader(file, _read(file), [])
    except ConfigurationError:  # gone meanwhile
        return where
    return f"{file}:{reader.line(*(named.groups() if named[2] else ('', named[1])))}: {where}"


class _Reader:
    """Converts tables and collects what is wrong with them."""

    def __init__(self, file: Path, source: str, mistakes: list[str]) -> None:
        self._file = file
        self._lines = source.splitlines()
        self._mistakes = mistakes

    def sub_table(self, tables: Mapping[str, object], name: str) -> Mapping[str, object]:
        table = tables.get(name, {})
        if isinstance(table, dict):
            return table
        self._mistake("", name, f"must be a table: write [{name}] on a line of its own")
        return {}

    def table(self, cls: type[T], table: Mapping[str, object], name: str) -> T | None:
        """Convert `table` field by field; None if something required is missing or wrong."""
        hints = typing.get_type_hints(cls)
        fields = {field.name.rstrip("_"): field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        self.no_strangers(table, fields, where=name)
        values: dict[str, Any] = {}
        for key, field in fields.items():
            if key in table:
                try:
                    values[field.name] = convert(table[key], hints[field.name])
                except Unfit as reason:
                    self._mistake(name, key, f"must be {reason}")
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                self._mistake(name, key, "is missing")
        try:
            return cls(**values)
        except TypeError:  # a required field is missing or wrong, which is among the mistakes by now
            return None
        except ValueError as reason:
            key, _, what = str(reason).partition(" ")
            self._mistake(name, *((key, what) if key in fields else ("", str(reason))))
            return None

    def text(self, table: Mapping[str, object], key: str, default: str, *, where: str) -> str:
        """Return a text of a table that has no dataclass."""
        try:
            return str(convert(table.get(key, default), str))
        except Unfit as reason:
            self._mistake(where, key, f"must be {reason}")
            return default

    def one_of(
        self,
        table: Mapping[str, object],
        key: str,
        known: Collection[str],
        *,
        where: str,
        unfit: Mapping[str, str] = _NONE,
    ) -> None:
        value = table.get(key)
        if isinstance(value, str) and value not in known:
            why = f"cannot be {value}: {unfit[value]}. It " if value in unfit else ""
            self._mistake(where, key, f"{why}must be one of {', '.join(sorted(known))}")

    def budget(self, newsletter: NewsletterSettings | None) -> None:
        if newsletter is not None and newsletter.size_budget_kb > LARGEST_BUDGET_KB:
            what = f"must be {LARGEST_BUDGET_KB} at most: Gmail cuts mails at about 102 kB, with the link to leave"
            self._mistake("newsletter", "size_budget_kb", what)

    def redirects(self, table: Mapping[str, object]) -> dict[str, str]:
        """Return old addresses with the new ones they lead to. A new one is never an old one: so there is no loop."""
        moved: dict[str, str] = {}
        olds = {old.rstrip("/") for old in table}
        for old, new in table.items():
            if not _PATH.fullmatch(old):
                self._mistake("redirects", old, 'must be a path without query, such as "/feed.xml"')
            elif not isinstance(new, str) or not _TARGET.fullmatch(new):
                self._mistake("redirects", old, 'must lead to a path such as "/atom.xml", or to a whole address')
            elif new.rstrip("/") in olds:
                self._mistake("redirects", old, "leads to another old address; name the one where it ends")
            else:
                moved[old] = new
        return moved

    def no_strangers(self, table: Mapping[str, object], known: Collection[str], *, where: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
                self._mistake(where, key, f"is not a setting; {hint}")

    def _mistake(self, table: str, key: str, what: str) -> None:
        name = ".".join(part for part in (table, key) if part)
        self._mistakes.append(f"{self._file}:{self.line(table, key)}: {name} {what}")

    def line(self, table: str, key: str) -> int:
        """Find the line of a key by reading the file again as text: tomllib keeps no positions."""
        inside = not table
        head = 1
        for number, line in enumerate(self._lines, start=1):
            if match := re.match(r"\s*\[+\s*([^\]\s]+)\s*\]", line):
                inside = match[1] == table or (not table and match[1] == key)
                if match[1] in (table, key):
                    head = number
            if inside and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
                return number
        return head


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurationError(
            "there is no such file",
            where=str(file),
            remedy="go to the publication's folder, name the file with --config, or run: briefingfeed init FOLDER",
        ) from error
    except IsADirectoryError as error:
        raise ConfigurationError(
            "this is a folder", where=str(file), remedy=f"name the file in it: --config {file / FILE_NAME}"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"the settings cannot be read: {(error.strerror or str(error)).lower()}",
            where=str(file),
            remedy="let the user who runs briefingfeed read the file",
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            "this line is not UTF-8 text",
            where=f"{file}:{line}",
            remedy="open the file in your editor and save it again with the encoding UTF-8",
        ) from error


def _parse(file: Path, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        reason = re.fullmatch(r"(?P<what>.*?) \(at line (?P<line>\d+), column \d+\)", str(error), re.DOTALL)
        what, place = (reason["what"], f"{file}:{reason['line']}") if reason else (str(error), str(file))
        raise ConfigurationError(
            f"this cannot be read as TOML: {what[:1].lower()}{what[1:]}",
            where=place,
            remedy='each key stands once, its value behind =, texts in quotation marks: title = "Our briefings"',
        ) from error


def _paths(reader: _Reader, root: Path, table: Mapping[str, object]) -> PathSettings:
    reader.no_strangers(table, USUAL_FOLDERS, where="paths")
    given = {key: reader.text(table, key, default, where="paths") for key, default in USUAL_FOLDERS.items()}
    return PathSettings(root=root, **{key: root / value for key, value in given.items()})


def _database(reader: _Reader, paths: PathSettings, table: Mapping[str, object]) -> DatabaseSettings:
    reader.no_strangers(table, {"url", "password_file"}, where="database")
    url = reader.text(table, "url", f"sqlite:///{paths.state / 'briefingfeed.db'}", where="database")
    relative = re.fullmatch(r"sqlite:///(?!/)(.+)", url)
    password_file = reader.text(table, "password_file", "", where="database")
    return DatabaseSettings(
        url=f"sqlite:///{paths.root / relative[1]}" if relative else url,
        password_file=paths.root / password_file if password_file else None,
    )
