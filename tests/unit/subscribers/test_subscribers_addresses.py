from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from briefingfeed.providers.addresses import wire_address
from briefingfeed.storage.subscribers import address_key
from briefingfeed.subscribers.addresses import AddressError, normalise


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.Lee@EXAMPLE.Org \n", "Ann.Lee@example.org"),
        ("\ufeffann@example.org\u200b", "ann@example.org"),
        ("\u00a0ann@example.org\u00a0", "ann@example.org"),
        ("ann+briefings@example.org", "ann+briefings@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("ann@münchen.example", "ann@münchen.example"),
        ("ann@MÜNCHEN.example", "ann@münchen.example"),
        ("ann@xn--mnchen-3ya.example", "ann@münchen.example"),
        ("ann@ＥＸＡＭＰＬＥ.org", "ann@example.org"),
    ],
)
def test_an_address_is_stored_in_one_spelling(typed, stored):
    assert normalise(typed) == stored
    assert normalise(stored) == stored


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "no address"),
        ("   ", "no address"),
        ("ann", "needs an @"),
        ("ann@", "after the @"),
        ("@example.org", "before the @"),
        ("ann@example", "no dot"),
        ("ann@@example.org", "@"),
        ("ann..lee@example.org", "two periods"),
        ("ann lee@example.org", "SPACE"),
        ("Ann <ann@example.org>", "without a name"),
        ("ann@example.org,bob@example.org", "after the @"),
        ("ann@example.org bob@example.org", "after the @"),
        ('"ann lee"@example.org', "Quoting"),
        ("ann@[192.0.2.1]", "IP address"),
        ("jürgen@example.org", "outside a-z"),
        ("ann@example.invalid", "reserved"),
        ("ann@printer.local", "reserved"),
        ("ann\x00@example.org", "control character"),
        ("ann\r\nBcc: x@example.org", "control character"),
        ("ann\x1b[31m@example.org", "control character"),
        ("ann\u202egro@example.org", "control character"),
        ("a" * 65 + "@example.org", "too long"),
        ("ann@" + "a." * 130 + "org", "too long"),
        ("a" * 300 + "@example.org", "too long"),
        ("ann@" + "a" * 64 + ".org", "too many"),
        ("ann@exa_mple.org", "invalid characters"),
    ],
)
def test_what_cannot_be_mailed_is_refused_in_words(typed, words):
    with pytest.raises(AddressError, match=words) as refused:
        normalise(typed)
    assert refused.value.remedy
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("other", ["ANN@example.org", "ann@EXAMPLE.ORG", "Ann@Example.Org"])
def test_spellings_of_case_are_one_mailbox(other):
    assert address_key(normalise("ann@example.org")) == address_key(normalise(other))


@given(st.text(max_size=80) | st.from_regex(r"[\w.+'-]{1,10}@[\w.-]{1,20}\.\w{2,6}", fullmatch=True))
def test_any_text_is_an_address_that_headers_can_carry_or_refused(text):
    try:
        address = normalise(text)
    except AddressError:
        return
    local, _, domain = address.rpartition("@")
    assert local.isascii()
    assert domain.encode("idna")
    assert not set(address) & set('\r\n\x00 <>,;"()')
    assert normalise(address) == address


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("jürgen@example.org", "jürgen@example.org"),
        ("ju\u0308rgen@EXAMPLE.org", "jürgen@example.org"),
        ("用户@例え.example", "用户@例え.example"),
        ("Ann@example.org", "Ann@example.org"),
    ],
)
def test_letters_beyond_ascii_before_the_at_are_taken_if_they_are_meant(typed, stored):
    assert normalise(typed, international=True) == stored
    assert normalise(stored, international=True) == stored


@pytest.mark.parametrize("sign", ["＠", "＜", "（", "￣", "\u202e"])
def test_signs_that_a_server_may_take_for_others_are_no_letters(sign):
    with pytest.raises(AddressError):
        normalise(f"a{sign}b@example.org", international=True)


@given(st.text(max_size=80) | st.from_regex(r"[\w.+'-]{1,20}@[\w.-]{1,20}\.\w{2,6}", fullmatch=True))
def test_what_is_taken_for_an_international_address_can_stand_in_an_envelope(text):
    try:
        address = normalise(text, international=True)
    except AddressError:
        return
    assert wire_address(address, smtputf8=True)
    assert normalise(address, international=True) == address


DOMAINS = [
    "example.org",
    "Mail.EXAMPLE.org",
    "xn--mnchen-3ya.example",
    "example",
    "a..org",
    "-a.org",
    "192.0.2.1",
    "x.local",
]


@given(st.from_regex(r"[A-Za-z0-9_+.-]{1,70}", fullmatch=True), st.sampled_from(DOMAINS))
def test_what_looks_plain_is_judged_as_everything_else(local, domain):
    try:
        judged = validate_email(f"{local}@{domain}", check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        with pytest.raises(AddressError):
            normalise(f"{local}@{domain}")
    else:
        assert normalise(f"{local}@{domain}") == judged
