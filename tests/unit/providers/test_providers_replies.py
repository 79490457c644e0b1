from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.models.delivery import Phase, Result
from briefingfeed.providers.smtp_replies import GARBAGE, LONGEST_LINE, MOST_LINES, Reply, ReplyReader, judge

BEFORE_THE_DOT = (Phase.RCPT, Phase.DATA, Phase.BODY)
A, D, R, F, P, B, U = (
    Result.ACCEPTED,
    Result.DEFERRED,
    Result.REJECTED,
    Result.FAILED,
    Result.POLICY,
    Result.RETURNED,
    Result.UNCERTAIN,
)


def read(*chunks: bytes) -> list[Reply]:
    replies: list[Reply] = []
    reader = ReplyReader()
    for chunk in chunks:
        reader.feed(chunk, replies.append)
    return replies


# fmt: off
TABLE = [
    #  reply                            RCPT  DATA  BODY  DOT
    ("250 2.0.0 ok",                    B,    B,    B,    A),
    ("251 will forward",                B,    B,    B,    U),
    ("200 what",                        B,    B,    B,    U),
    ("354 go on",                       B,    B,    B,    U),
    ("421 4.3.2 shutting down",         B,    B,    B,    D),
    ("450 4.2.0 greylisted",            D,    D,    D,    D),
    ("451 local error",                 D,    D,    D,    D),
    ("452 4.2.2 over quota",            D,    D,    D,    D),
    ("454 4.7.0 throttled",             D,    D,    D,    D),
    ("500 5.3.0 command failed",        F,    F,    F,    F),
    ("503 5.5.1 AUTH first",            B,    B,    B,    F),
    ("530 5.7.0 authenticate",          B,    B,    B,    P),
    ("535 5.7.8 bad password",          B,    B,    B,    P),
    ("538 5.7.11 TLS first",            B,    B,    B,    P),
    ("550 5.1.1 no such user",          R,    R,    R,    R),
    ("550 5.1.2 no such host",          R,    R,    R,    R),
    ("550 5.1.3 bad syntax",            R,    R,    R,    R),
    ("550 5.1.6 has moved",             R,    R,    R,    R),
    ("556 5.1.10 null MX",              R,    R,    R,    R),
    ("550 5.1.0 rejected",              R,    F,    F,    F),
    ("550 5.2.1 disabled",              R,    R,    R,    R),
    ("550 5.1.7 bad sender",            P,    P,    P,    P),
    ("550 5.1.8 bad sender host",       P,    P,    P,    P),
    ("552 5.2.2 mailbox full",          F,    F,    F,    F),
    ("552 5.3.4 too big",               P,    P,    P,    P),
    ("550 5.4.1 access denied",         F,    F,    F,    F),
    ("501 5.5.4 bad argument",          F,    F,    F,    F),
    ("554 5.6.0 bad content",           P,    P,    P,    P),
    ("550 5.7.1 relaying denied",       P,    P,    P,    P),
    ("554 5.7.1 spam",                  P,    P,    P,    P),
    ("550 5.7.26 unauthenticated",      P,    P,    P,    P),
    ("550 no enhanced code",            F,    F,    F,    F),
    ("553 no enhanced code",            F,    F,    F,    F),
    ("552 no enhanced code",            F,    P,    P,    P),
    ("554 no enhanced code",            F,    P,    P,    P),
    ("550 4.1.1 wrong class",           F,    F,    F,    F),
    ("550 5.1.1111 too long",           F,    F,    F,    F),
]
# fmt: on


@pytest.mark.parametrize(("line", "rcpt", "data", "body", "dot"), TABLE)
def test_outcome_table(line: str, rcpt: Result, data: Result, body: Result, dot: Result) -> None:
    [reply] = read(line.encode() + b"\r\n")
    phases = (Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT)
    assert [judge(phase, reply) for phase in phases] == [rcpt, data, body, dot]


@pytest.mark.parametrize("code", [GARBAGE, *range(200, 600)])
def test_no_code_before_mail_was_accepted_touches_a_recipient(code: int) -> None:
    for phase in (Phase.CONNECT, Phase.MAIL):
        assert judge(phase, Reply(code, ("5.1.1 words",))) is Result.RETURNED


@pytest.mark.parametrize("code", [GARBAGE, *range(200, 400)])
def test_at_the_dot_only_250_and_refusals_are_certain(code: int) -> None:
    wanted = Result.ACCEPTED if code == 250 else Result.UNCERTAIN
    assert judge(Phase.DOT, Reply(code, ("",))) is wanted


@pytest.mark.parametrize("code", range(400, 600))
def test_a_refusal_is_never_uncertain_and_never_accepted(code: int) -> None:
    for phase, words in itertools.product((*BEFORE_THE_DOT, Phase.DOT), ("", f"{code // 100}.1.1 x", "x")):
        result = judge(phase, Reply(code, (words,)))
        assert result not in (Result.ACCEPTED, Result.UNCERTAIN)
        if code < 500:
            assert result in (Result.DEFERRED, Result.RETURNED)


@pytest.mark.parametrize("code", [GARBAGE, *range(200, 600)])
def test_before_the_dot_nothing_is_accepted_or_uncertain(code: int) -> None:
    for phase in BEFORE_THE_DOT:
        assert judge(phase, Reply(code, ("x",))) not in (Result.ACCEPTED, Result.UNCERTAIN)


def test_only_recipient_codes_suppress() -> None:
    rejected = {
        f"5.{subject}.{detail}"
        for subject, detail in itertools.product(range(8), range(30))
        if judge(Phase.DOT, Reply(550, (f"5.{subject}.{detail} x",))) is Result.REJECTED
    }
    assert rejected == {"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"}


def test_multi_line_reply_is_one_reply() -> None:
    [reply] = read(b"250-mx.example\r\n250-SIZE 100\r\n250 HELP\r\n")
    assert reply == Reply(250, ("mx.example", "SIZE 100", "HELP"))


def test_reply_without_words_and_with_bare_newline() -> None:
    assert read(b"250\r\n354\n220 \r\n") == [Reply(250, ("",)), Reply(354, ("",)), Reply(220, ("",))]


def test_words_that_are_not_utf_8_are_kept_readable() -> None:
    [reply] = read(b"550 5.1.1 unbekannt \xfc\r\n")
    assert reply.text == "5.1.1 unbekannt \ufffd"


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"250_ok\r\n",
        b"650 ok\r\n",
        b"150 ok\r\n",
        b"\x00\xff\xfe\r\n",
        b"250-one\r\n251 two\r\n",
        b"250-one\r\nhello\r\n",
        "２５０ ok\r\n".encode(),
        b"2" * (LONGEST_LINE + 1),
        b"250 " + b"x" * LONGEST_LINE + b"\r\n",
        b"250-x\r\n" * (MOST_LINES + 1),
        b"HTTP/1.1 400 Bad Request\r\n",
    ],
)
def test_garbage_ends_what_can_be_read(garbage: bytes) -> None:
    replies = read(b"220 hello\r\n" + garbage, b"250 ok\r\n250 ok\r\n")
    assert [reply.code for reply in replies] == [220, GARBAGE]


def test_garbage_is_told_in_the_servers_words() -> None:
    assert read(b"HTTP/1.1 400 Bad Request\r\n") == [Reply(GARBAGE, ("HTTP/1.1 400 Bad Request",))]


def test_left_over_octets_show() -> None:
    reader = ReplyReader()
    reader.feed(b"220 go on\r\n", lambda _: None)
    assert reader.is_empty
    reader.feed(b"250 inj", lambda _: None)
    assert not reader.is_empty


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=8))
def test_reading_does_not_depend_on_how_octets_arrive(data: bytes, cuts: list[int]) -> None:
    edges = sorted({0, *(min(cut, len(data)) for cut in cuts), len(data)})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert read(*pieces) == read(data)


@given(
    st.lists(
        st.tuples(st.integers(200, 559), st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")))),
        max_size=6,
    )
)
def test_every_well_formed_reply_is_read_as_written(replies: list[tuple[int, list[str]]]) -> None:
    wire, wanted = b"", []
    for code, words in replies:
        lines = [word[:200] for word in words[:20]] or [""]
        for line in lines[:-1]:
            wire += f"{code}-{line}\r\n".encode()
        wire += f"{code} {lines[-1]}\r\n".encode()
        wanted.append(Reply(code, tuple(lines)))
    assert read(wire) == wanted
