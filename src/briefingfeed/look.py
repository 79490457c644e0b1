"""The Jinja environment: where templates are searched, what they may call, how their errors read."""

from __future__ import annotations

import gettext
import hashlib
import os
import re
from collections.abc import Generator, Iterable, Iterator, Sequence, Sized
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path

import jinja2
from markupsafe import Markup

from briefingfeed.days import day_in_words, time_in_words
from briefingfeed.errors import TemplateError
from briefingfeed.models.language import direction
from briefingfeed.models.settings import PublicationSettings
from briefingfeed.models.theme import ThemeSettings

_REMEDY = "mend the template there; nothing was published or sent"
_MOST_TURNS = 5_000_000
"""Turns of all loops of one document; an archive of 10,000 posts takes a tenth of that."""
_MOST_CHARACTERS = 64 * 1024 * 1024
_turns_left: ContextVar[list[int]] = ContextVar("turns_left")


class _RunawayError(Exception):
    """A template that would not come to its end."""


class _Environment(jinja2.Environment):
    """Counts the turns of every `{% for %}`: no template can run away, whatever it loops over."""

    def _generate(
        self, source: jinja2.nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        for loop in source.find_all(jinja2.nodes.For):
            loop.iter = jinja2.nodes.Filter(
                loop.iter, "turns", [], [], None, None, lineno=loop.iter.lineno, environment=self
            )
        return super()._generate(source, name, filename, defer_init)


def _turns(values: Iterable[object]) -> Iterable[object]:
    """Take the turns of a loop over `values` from those that are left."""
    if not isinstance(values, Sized):
        return _one_by_one(values)
    try:
        _take(len(values))
    except OverflowError:
        raise _RunawayError from None
    return values


def _one_by_one(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        _take(1)
        yield value


def _take(turns: int) -> None:
    left = _turns_left.get()
    left[0] -= turns
    if left[0] < 0:
        raise _RunawayError


class Look:
    """Renders templates by name, such as `email/digest.html`. The first folder that has the file wins.

    HTML and XML are autoescaped, text is not; an unknown name in a template is an error, never an empty place. Text of
    posts is passed in as data and never parsed as a template.
    """

    def __init__(
        self, search: Sequence[Path], publication: PublicationSettings, theme: ThemeSettings | None = None
    ) -> None:
        """Raises TemplateError for a folder that is there but may not be read."""
        self._search = tuple(folder for folder in search if folder.is_dir())
        for folder in self._search:
            if not os.access(folder, os.R_OK | os.X_OK):  # Jinja would pass over it, and the shipped look be published
                raise TemplateError(
                    "the folder of templates cannot be read",
                    where=str(folder),
                    remedy="let the user who runs briefingfeed read it",
                )
        self._zone = publication.timezone
        self._environment = _Environment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in self._search]),
            autoescape=jinja2.select_autoescape(enabled_extensions=("html", "xml"), default=False),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=["jinja2.ext.i18n"],
        )
        translations = gettext.NullTranslations()
        self._environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
        self._environment.globals["publication"] = publication
        self._environment.globals["theme"] = theme or ThemeSettings()
        self._environment.filters.update(
            date=day_in_words,
            direction=direction,
            tongue=lambda language: _tongue(language, publication.language),
            time=lambda at: time_in_words(at, self._zone),
            local=lambda at: at.astimezone(self._zone),
            iso=lambda at: at.isoformat(),
            turns=_turns,
        )

    def render(self, name: str, **context: object) -> str:
        """Render the template `name`. Raises TemplateError with file and line for anything wrong in it."""
        _turns_left.set([_MOST_TURNS])
        try:
            return _joined(self._environment.get_template(name).generate(context))  # type: ignore[arg-type]
        except jinja2.TemplateNotFound as error:
            raise TemplateError(
                f"there is no template {error.name}",
                where=_place(error, self._search) or name,
                remedy="put it into the templates folder of the publication, or remove what names it",
            ) from error
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                f"this cannot be read as a template: {error.message}",
                where=f"{error.filename or name}:{error.lineno}",
                remedy=_REMEDY,
            ) from error
        except OSError as error:
            raise _unreadable(error, name) from error
        except UnicodeDecodeError as error:
            raise TemplateError(
                "a template is not UTF-8 text",
                where=_place(error, self._search) or self._file(name),
                remedy="open it in your editor and save it again with the encoding UTF-8",
            ) from error
        except RecursionError as error:
            raise TemplateError(
                "the template never ends: it includes or extends itself",
                where=_place(error, self._search) or name,
                remedy=_REMEDY,
            ) from error
        except (_RunawayError, MemoryError) as error:
            raise TemplateError(
                "the template does not come to its end: a loop in it turns without measure",
                where=_place(error, self._search) or name,
                remedy=_REMEDY,
            ) from error
        except (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise TemplateError(
                f"the template stopped: {_without_modules(str(error))}",
                where=_place(error, self._search) or name,
                remedy=_REMEDY,
            ) from error

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates that can be found."""
        return tuple(self._environment.list_templates())

    def _file(self, name: str) -> str:
        return next((str(path) for folder in self._search if (path := folder / name).exists()), name)

    def mark(self) -> str:
        """Return what changes whenever a file among the templates does. Quicker than `fingerprint`: nothing is read."""
        marks = hashlib.sha256()
        for folder in self._search:
            for above, folders, names in os.walk(folder):
                folders.sort()
                for name in sorted(names):
                    with suppress(OSError):
                        about = os.stat(f"{above}/{name}")  # noqa: PTH116 - at every look of a preview
                        marks.update(f"{above}/{name}\0{about.st_mtime_ns} {about.st_size} {about.st_ino}\0".encode())
        return marks.hexdigest()

    def fingerprint(self) -> str:
        """Return a hex digest that changes whenever a template changes. Raises TemplateError."""
        digest = hashlib.sha256()
        for name in self.names():
            source = next(path for folder in self._search if (path := folder / name).is_file())
            try:
                content = source.read_bytes()
            except OSError as error:
                raise _unreadable(error, name) from error
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return digest.hexdigest()


def _joined(pieces: Generator[str, None, None]) -> str:
    """Return what a template writes, unless it writes more than anything could hold."""
    written: list[str] = []
    left = _MOST_CHARACTERS
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            pieces.throw(_RunawayError())  # so that it comes from the template's line
        written.append(piece)
    return "".join(written)


def _unreadable(error: OSError, name: str) -> TemplateError:
    return TemplateError(
        f"the template cannot be read: {(error.strerror or str(error)).lower()}",
        where=str(error.filename or name),
        remedy="let the user who runs briefingfeed read it",
    )


def _tongue(language: str, around: str) -> Markup:
    """Return the attributes of an element in one language amid another, with a space before each; none if it is the
    same."""
    if around == language or around.startswith(f"{language}-"):
        return Markup()
    turned = f' dir="{direction(language)}"' if direction(language) != direction(around) else ""
    return Markup(' lang="{}"').format(language) + Markup(turned)  # noqa: S704 one of two words


def _without_modules(words: str) -> str:
    """Name a class as templates know it: `Post` instead of `briefingfeed.models.post.Post`."""
    return re.sub(r"\bbriefingfeed(?:\.\w+)*\.(?=\w+ object)", "", words)


def _place(error: BaseException, search: Sequence[Path]) -> str | None:
    """Find the innermost template line in a traceback: Jinja gives template frames the template's own file name."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if any(file.is_relative_to(folder) for folder in search):
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
