"""Addresses as people type them -> addresses as they are stored, compared and mailed.

The domain is stored in lower case, an international one in its own script (mail carries it as punycode). The local
part is stored as it was typed, because only its owner's server may say what its case means; but it is compared
without case (`storage.subscribers.address_key`), because no mail service in use tells `Ann@` from `ann@`, and mailing
both would be two copies.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from briefingfeed.errors import UsageError
from briefingfeed.providers import addresses as envelope

LONGEST_ADDRESS = 254
"""Characters, RFC 5321 section 4.5.3.1.3 without the angle brackets."""

_INVISIBLE_AROUND = "\ufeff\u200b\u200c\u200d\u2060\u00a0"
"""Copied along from web pages and spreadsheets; no part of any address when they stand at its ends."""

_PLAIN = re.compile(r"(?P<local>(?=.{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@(?P<domain>[A-Za-z0-9.-]{1,180})")
"""What nearly all addresses look like. Nothing can be wrong with it but the domain."""

_NOBODYS = frozenset({"noreply", "donotreply", "abuse", "postmaster", "mailerdaemon"})
"""Parts before the @, without the signs within; of these RFC 2142 has abuse and postmaster."""


class AddressError(UsageError):
    """What was given is not an address that can be mailed. The message never repeats it."""


def normalise(text: str, *, international: bool = False) -> str:
    """Return the address to store. Touches no network: whether the domain exists is not asked.

    White space and invisible characters around it are dropped. `international`: the part before the @ may have letters
    beyond ASCII (RFC 6531); the few servers that take these addresses say SMTPUTF8. Raises AddressError with words for
    whoever typed it.
    """
    if (plain := _PLAIN.fullmatch(text)) and (domain := _domain(plain["domain"])):
        return f"{plain['local']}@{domain}"
    from email_validator import EmailNotValidError, validate_email  # takes 15 ms; most commands are given no address

    address = text.strip().strip(_INVISIBLE_AROUND).strip()
    _refuse_what_no_mail_can_carry(address)
    if not international:
        _refuse_international(address)
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=international, allow_display_name=False, strict=True
        ).normalized
        if international:
            envelope.wire_address(found, smtputf8=True)
    except (EmailNotValidError, envelope.AddressError) as error:
        raise AddressError(_in_our_words(str(error)), remedy="Write it as name@example.org.") from error
    return found


def is_nobodys(address: str) -> bool:
    """Tell whether an address is by its name that of a machine or an office, which can hardly have agreed."""
    local = address.rpartition("@")[0].partition("+")[0].lower()
    return re.sub(r"[-_.]", "", local) in _NOBODYS


@lru_cache(maxsize=1000)
def _domain(domain: str) -> str | None:
    """Return a domain as it is stored; None if something is wrong with it.

    To look at each anew is half the work of a large import, and most people share a few.
    """
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(f"a@{domain}", check_deliverability=False, strict=True).domain
    except EmailNotValidError:
        return None


def _refuse_what_no_mail_can_carry(address: str) -> None:
    if not address:
        raise AddressError("There is no address.", remedy="Write it as name@example.org.")
    if len(address) > LONGEST_ADDRESS:
        raise AddressError(
            f"The address is too long: {len(address)} characters, at most {LONGEST_ADDRESS} can be mailed.",
            remedy="Check whether several addresses have run together.",
        )
    if any(unicodedata.category(character).startswith("C") for character in address):
        raise AddressError(
            "The address contains an invisible control character.", remedy="Type it again instead of copying it."
        )


def _refuse_international(address: str) -> None:
    local, at, _ = address.rpartition("@")
    if at and not local.isascii():
        raise AddressError(
            "The part before the @ has letters outside a-z, which most mail servers cannot deliver to yet.",
            remedy="Ask for another address of the same person; or add --international, if your mail server can.",
        )


_WORDS = (
    ("special-use", "The part after the @ is a name that is reserved and never receives mail."),
    ("should have a period", "The part after the @ is incomplete: it has no dot."),
    ("must have an @-sign", "An address needs an @."),
    ("display name", "Only the address is wanted here, without a name and angle brackets."),
)


def _in_our_words(reason: str) -> str:
    return next((words for sign, words in _WORDS if sign in reason), reason)
