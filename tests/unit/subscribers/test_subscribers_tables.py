"""Bytes of a file -> rows, whatever program wrote it."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.subscribers import tables
from briefingfeed.subscribers.tables import ImportFileError, read_tables


def cells(content: bytes) -> list[tuple[str, ...]]:
    (table,) = read_tables("members.csv", content)
    return [record.cells for record in table.records]


def archive(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        "Email,Name\r\nann@example.org,Zoë\r\n".encode(),
        "Email;Name\nann@example.org;Zoë\n".encode(),
        "Email\tName\nann@example.org\tZoë".encode(),
        "Email|Name\rann@example.org|Zoë\r".encode(),
        "\ufeffEmail,Name\nann@example.org,Zoë\n".encode(),
        "Email;Name\nann@example.org;Zoë\n".encode("utf-16"),
        "Email;Name\nann@example.org;Zoë\n".encode("utf-16-le"),
        "Email;Name\nann@example.org;Zoë\n".encode("utf-16-be"),
        "Email,Name\n\n , \nann@example.org , Zoë\n\n".encode(),
        '"Email", "Name"\n"ann@example.org", "Zoë"\n'.encode(),
    ],
)
def test_encodings_delimiters_and_line_ends_are_found(content):
    assert cells(content) == [("Email", "Name"), ("ann@example.org", "Zoë")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_of_an_archive_with_one_wrong_byte_all_is_read_or_nothing(method):
    text = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(30))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        packed.writestr("a.csv", text)
    content = out.getvalue()
    whole = [(line,) for line in text.split()]
    for place in range(4, len(content)):
        damaged = content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]
        with suppress(ImportFileError):
            (table,) = read_tables("a.zip", damaged)
            assert [record.cells for record in table.records] == whole


def test_windows_1252_is_read_with_a_warning():
    (table,) = read_tables("x.csv", "Email,Name\nann@example.org,Zoë\n".encode("cp1252"))
    assert table.records[1].cells == ("ann@example.org", "Zoë")
    assert "Windows-1252" in table.warnings[0]


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (b'Email;Name\nann@example.org;"Lee, Ann"\n', ("Email", "Name")),
        (b'Name,Email\n"Lee; Ann; and; more",ann@example.org\n', ("Name", "Email")),
        (b"Email,First Name,Tags\n", ("Email", "First Name", "Tags")),
        (b"ann@example.org\nbob@example.org\n", ("ann@example.org",)),
    ],
)
def test_the_delimiter_is_the_one_that_isolates_addresses(content, first):
    assert cells(content)[0] == first


def test_lines_are_counted_as_an_editor_counts_them():
    (table,) = read_tables("x.csv", b'Email,Note\n\nann@example.org,"two\nlines"\nbob@example.org,\n')
    assert [record.line for record in table.records] == [1, 3, 5]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'Email,Name\nann@example.org,"Ann\nbob@example.org,Bob\n', 2),
        (b'Email,Name\nann@example.org,"Ann"x\nbob@example.org,Bob\n', 2),
        (b'Email\n"' + b"a\n" * 200_000, 2),
    ],
)
def test_an_unclosed_quotation_mark_never_swallows_rows_silently(content, line):
    with pytest.raises(ImportFileError, match="quotation mark") as refused:
        read_tables("members.csv", content)
    assert refused.value.where == f"members.csv:{line}"


def test_a_zip_is_read_file_by_file():
    content = archive(
        **{
            "subscribed_members.csv": b"Email\nann@example.org\n",
            "deep/unsubscribed_members.csv": b"Email\nbob@example.org\n",
            "readme.md": b"no",
            "__MACOSX/subscribed_members.csv": b"junk",
            ".hidden.csv": b"junk",
        }
    )
    assert [table.name for table in read_tables("export.zip", content)] == [
        "subscribed_members.csv",
        "unsubscribed_members.csv",
    ]


def lying_archive() -> bytes:
    """An archive that declares a tiny size for a file of 100 MB."""
    content = bytearray(archive(**{"a.csv": b"a" * 100 * 2**20}))
    real = struct.pack("<I", 100 * 2**20)
    return bytes(content.replace(real, struct.pack("<I", 10)))


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + b"junk" * 100,
        archive(**{"a.txt.exe": b"x"}),
        archive(**{f"{number}.csv": b"Email\n" for number in range(tables.MOST_FILES + 1)}),
        archive(**{"a.csv": b"a" * (tables.LARGEST_FILE + 1)}),
        archive(**{"a.csv": b"a" * (tables.LARGEST_FILE - 1), "b.csv": b"bb"}),
        lying_archive(),
    ],
    ids=["damaged", "nothing inside", "too many", "bomb", "bomb of two", "lying bomb"],
)
def test_a_hostile_archive_is_refused(content):
    with pytest.raises(ImportFileError) as refused:
        read_tables("export.zip", content)
    assert refused.value.remedy


def test_a_file_over_the_limit_is_refused():
    with pytest.raises(ImportFileError, match="33 MB"):
        tables.check_size("big.csv", 33 * 2**20)


@pytest.mark.parametrize("content", [b"x" * 10 * 2**20, b"," * 10 * 2**20, b"a@b\n" * 500_000], ids=["x", ",", "a@b"])
def test_ten_megabytes_of_anything_are_read_or_refused(content):
    with suppress(ImportFileError):
        read_tables("x.csv", content)


def test_the_heading_tells_the_delimiter_where_no_address_does():
    assert cells(b'Email,Name\r\n,;;\r\n",",\r\n') == [("Email", "Name"), ("", ";;"), (",", "")]
    assert cells(b"Email;Name\r\n;Ann, Lee\r\n") == [("Email", "Name"), ("", "Ann, Lee")]


def test_addresses_far_below_the_heading_tell_the_delimiter():
    content = b"Members, as of May;2026\n\nEmail;Name\nann@example.org;Ann\n"
    assert cells(content)[-1] == ("ann@example.org", "Ann")


@pytest.mark.parametrize(
    "first",
    ["sep=;\n", "SEP=;\r\n", '"sep=;"\n', "sep=;;;\n", "\ufeffsep=;\r"],
    ids=["lf", "crlf", "quoted", "filled", "cr"],
)
def test_the_first_line_of_excel_tells_the_delimiter_and_is_no_row(first):
    (table,) = read_tables("x.csv", f"{first}Email;Note\nann@example.org;a,b@c,d@e\n".encode())
    assert [(record.line, record.cells) for record in table.records] == [
        (2, ("Email", "Note")),
        (3, ("ann@example.org", "a,b@c,d@e")),
    ]


def test_a_first_line_of_excel_whose_tab_was_lost_is_no_row_either():
    assert cells(b"sep=\nEmail\tNote\nann@example.org\tA\n")[0] == ("Email", "Note")


@pytest.mark.parametrize(
    ("members", "program"),
    [
        (("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"), "Excel"),
        (("[Content_Types].xml", "xl/workbook.bin"), "Excel"),
        (("[Content_Types].xml", "word/document.xml"), "Word"),
        (("mimetype", "content.xml", "META-INF/manifest.xml"), "LibreOffice"),
        (("Index/Document.iwa", "Metadata/Properties.plist"), "Numbers"),
    ],
)
def test_a_document_is_called_by_its_name_with_the_way_to_csv(members, program):
    with pytest.raises(ImportFileError, match=program) as refused:
        read_tables("members.csv", archive(**dict.fromkeys(members, b"<x/>")))
    assert f"In {program}" in refused.value.remedy
    assert "CSV" in refused.value.message


def test_a_workbook_of_old_is_called_so():
    with pytest.raises(ImportFileError, match="Excel"):
        read_tables("members.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504))


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20).map(str.strip)


@given(st.lists(st.tuples(texts, texts), max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_a_csv_writer_wrote_is_read_back(rows, encoding):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("Email", "Name"), *rows])
    if all("," in line for line in out.getvalue().splitlines()) and not any(set(a + b) & set(";|@") for a, b in rows):
        assert cells(out.getvalue().encode(encoding)) == [("Email", "Name"), *(row for row in rows if any(row))]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    with suppress(ImportFileError):
        assert all(any(record.cells) for record in read_tables("x.csv", content)[0].records)
