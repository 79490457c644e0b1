"""Files of addresses -> rows of cells: encodings, delimiters, quotation marks, zip archives. Knows no column names."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from briefingfeed.errors import UsageError

LARGEST_FILE = 32 * 2**20
"""Bytes, of a file or of all files in an archive together: some 150,000 rows of a Mailchimp export."""
MOST_FILES = 20
"""In one archive."""

_DELIMITERS = ",;\t|"
_ADDRESS = re.compile(r"\s*[^@,;\t| <>]+@[^@,;\t| <>]+\s*")
_SAMPLE = 50
"""Rows looked at to find the delimiter."""
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those of every export. For a wrong byte in the others the libraries behind them raise errors of their own."""
_NOT_UNPACKED = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises: ValueError for a wrong offset or name, RuntimeError for a password, NotImplementedError for an
archive of a kind that it doesn't know."""
_SEP = re.compile(rf'"?sep=([{_DELIMITERS}]?)\1*"?[ ]*(?=[\r\n])', re.IGNORECASE)
"""Excel's own first line, which names the delimiter."""

_OFFICE_97 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DOCUMENTS = (
    (re.compile(r"xl/workbook\..*"), "an Excel workbook", "In Excel: Save As, “CSV UTF-8”, one sheet at a time"),
    (re.compile(r"word/document\..*"), "a Word document", "In Word: Save As, “Plain text”, encoding UTF-8"),
    (
        re.compile(r"content\.xml"),
        "a document of LibreOffice",
        "In LibreOffice: Save As, “Text CSV”, character set UTF-8, one sheet at a time",
    ),
    (
        re.compile(r"Index/.*\.iwa|Index\.zip"),
        "an Apple Numbers document",
        "In Numbers: Export To, “CSV”, encoding UTF-8, one table at a time",
    ),
)
"""What lies inside documents that are zip archives underneath, what they are, and how to get at their addresses."""


class ImportFileError(UsageError):
    """A file of addresses cannot be read as one; nothing of it was taken."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line of the file it begins on (from 1), and its cells without white space around them."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file, or one file of an archive. `records` has no empty rows, nor the line that only names the delimiter."""

    name: str
    records: tuple[Record, ...]
    warnings: tuple[str, ...] = ()


def read_tables(name: str, content: bytes) -> tuple[Table, ...]:
    """Read a CSV file, a list of addresses, or a zip archive of these; `name` is its file name.

    Raises ImportFileError for anything that cannot be read whole: what is read by half is lost without a word.
    """
    check_size(name, len(content))
    if not content.startswith(b"PK\x03\x04"):
        return (_read_table(name, content),)
    return tuple(_read_table(member, data) for member, data in _unpack(name, content))


def printable(text: str, most: int = 60) -> str:
    """Return the beginning of a cell as it may be shown on a terminal or kept: no control characters."""
    return "".join(character for character in text[:most] if character.isprintable())


def check_size(name: str, size: int) -> None:
    """Raise ImportFileError if a file of `size` bytes is too large to be read."""
    if size > LARGEST_FILE:
        raise ImportFileError(
            f"The file is too large: {size / 2**20:.0f} MB, at most {LARGEST_FILE // 2**20} MB are read.",
            where=name,
            remedy="Split it, or leave out columns that are not needed.",
        )


def _unpack(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if _is_table(member.filename)]
            if not members:
                _refuse_document(name, archive.namelist())
            if not 0 < len(members) <= MOST_FILES:
                raise ImportFileError(
                    f"The archive holds {len(members)} files of addresses; between 1 and {MOST_FILES} are expected.",
                    where=name,
                    remedy="Unpack it, and import the .csv files one by one.",
                )
            left = LARGEST_FILE
            for member in members:
                if member.compress_type not in _PACKINGS:
                    raise zipfile.BadZipFile("packed in a way that no export uses")
                # The sizes that an archive declares may lie: what is really unpacked is counted.
                with archive.open(member) as file:
                    data = file.read(left + 1)
                left -= len(data)
                check_size(name, LARGEST_FILE - left)
                yield printable(PurePosixPath(member.filename).name, 200), data
    except _NOT_UNPACKED as error:
        raise ImportFileError(
            "The archive cannot be unpacked: it is damaged, has a password, or is packed in a rare way.",
            where=name,
            remedy="Unpack it yourself, and import the .csv files one by one.",
        ) from error


def _refuse_document(name: str, members: Sequence[str]) -> None:
    for inside, what, remedy in _DOCUMENTS:
        if any(inside.fullmatch(member) for member in members):
            raise ImportFileError(f"This is {what}, not a CSV file.", where=name, remedy=f"{remedy}; import that file.")


def _is_table(path: str) -> bool:
    file = PurePosixPath(path)
    return file.suffix.lower() in {".csv", ".tsv", ".txt"} and not file.name.startswith(".") and "__MACOSX" not in path


def _read_table(name: str, content: bytes) -> Table:
    if content.startswith(_OFFICE_97):
        raise ImportFileError(
            "This is an Excel or Word document, or one with a password; not a CSV file.",
            where=name,
            remedy="Open it, save it as “CSV UTF-8”, and import that file.",
        )
    text, warnings = _decode(content)
    if warnings and "\0" in text:  # neither UTF-8 nor anything else that people write
        raise ImportFileError(
            "This is not a text file.", where=name, remedy="Save the list as CSV, one address a line, and import that."
        )
    sep = _SEP.match(text)
    if sep:
        text = text[sep.end() :]  # the end of that line stays, so that lines are counted as an editor counts them
    delimiter = (sep[1] if sep else "") or _delimiter(text)
    return Table(name=name, records=tuple(_records(name, text, delimiter)), warnings=warnings)


def _decode(content: bytes) -> tuple[str, tuple[str, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), ()
    # Latin letters in UTF-16 without a byte order mark: every other byte is zero.
    even, odd = content[:40:2], content[1:40:2]
    if odd and not any(odd) and all(even):
        return content.decode("utf-16-le", errors="replace"), ()
    if odd and not any(even) and all(odd):
        return content.decode("utf-16-be", errors="replace"), ()
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError:
        warning = "The file is not UTF-8; it was read as Windows-1252. Check addresses with letters outside a-z."
        return content.decode("cp1252", errors="replace"), (warning,)


def _delimiter(text: str) -> str:
    """Return the delimiter that leaves the most cells which are one address and nothing else.

    Without any address the heading decides: the one that makes the most cells.
    """
    # Whole lines, so that a sample never ends within a row; a row whose quoted cells hold line ends may.
    sample = "".join(text.splitlines(keepends=True)[:_SAMPLE])

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = list(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))
        except csv.Error:
            return -1, 0
        addresses = sum(1 for row in rows for cell in row if _ADDRESS.fullmatch(cell))
        return addresses, next((len(row) for row in rows if row), 0)

    return max(_DELIMITERS, key=score)


def _records(name: str, text: str, delimiter: str) -> Iterator[Record]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for row in rows:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                yield Record(line, cells)
            line = rows.line_num + 1
    except csv.Error as error:
        raise ImportFileError(
            "A quotation mark is opened and not closed, or closed too early.",
            where=f"{name}:{line}",
            remedy='Mend that row (inside a quoted cell a quotation mark is written twice: ""), and try again.',
        ) from error
