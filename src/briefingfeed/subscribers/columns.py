"""What the columns of other tools' exports mean: where the address stands, and whether the person still wants mail.

Everything a file says about an address counts, and the strictest of it wins: a column, a date of leaving, and the
file's own name (Mailchimp exports one file each for those who are subscribed, who left, and who bounced).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from briefingfeed.subscribers.tables import printable


class Standing(IntEnum):
    """What the other tool knew of an address. A greater one is stricter."""

    SUBSCRIBED = 0
    NOT_CONFIRMED = 1
    """Never asked for the newsletter, or never confirmed."""
    LEFT = 2
    BOUNCED = 3
    COMPLAINED = 4


class UnknownWordError(ValueError):
    """A word that is not known of a status or cadence. The message is for people."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A column that says when somebody agreed."""

    index: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where in a row things stand, counted from 0."""

    address: int
    standings: tuple[tuple[int, str, Callable[[str], Standing]], ...] = ()
    evidence: Evidence | None = None
    cadence: int | None = None

    def standing(self, cells: Sequence[str]) -> Standing:
        """Return the strictest of what the row says. Raises UnknownWordError."""
        found = Standing.SUBSCRIBED
        for index, name, read in self.standings:
            try:
                found = max(found, read(cells[index] if index < len(cells) else ""))
            except KeyError as error:
                word = printable(error.args[0])
                raise UnknownWordError(
                    f"its {name} is “{word}”, which is not known" if word else f"its {name} is empty"
                ) from None
        return found


def find_address(heading: Sequence[str]) -> int | None:
    """Return the column that a heading names as that of the addresses."""
    names = [_plain(cell) for cell in heading]
    # A postal address may stand beside the one that is meant, so `_PERHAPS_ADDRESS` counts only if there is no other.
    found = [names.index(name) for among in (_ADDRESS, _PERHAPS_ADDRESS) for name in names if name in among]
    return found[0] if found else None


def read_heading(heading: Sequence[str], *, address: int) -> Columns:
    """Return what the cells of a heading mean, given the column of the addresses."""
    names = [_plain(cell) for cell in heading]
    standings = tuple(
        (index, printable(heading[index]), _STANDING_COLUMNS[name])
        for index, name in enumerate(names)
        if name in _STANDING_COLUMNS
    )
    evidence = min(
        (Evidence(index, printable(heading[index])) for index, name in enumerate(names) if name in _EVIDENCE),
        key=lambda column: _EVIDENCE.index(names[column.index]),
        default=None,
    )
    cadence = names.index(_CADENCE) if _CADENCE in names else None
    return Columns(address=address, standings=standings, evidence=evidence, cadence=cadence)


def standing_of_file(name: str) -> Standing:
    """Return what the name of an exported file says of everybody in it."""
    found = re.match(r"(non_?subscribed|unsubscribed|cleaned)(?=[_\W])", name.lower())
    return _WORDS[_plain(found[1])] if found else Standing.SUBSCRIBED


def _plain(text: str) -> str:
    """`E-Mail-Adresse` and `e mail adresse` are one name: letters and digits only, no case, no accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in bare if character.isalnum())


_ADDRESS = frozenset(
    (
        "email", "emailaddress", "mail", "mailaddress", "primaryemail", "contactemail", "subscriberemail", "useremail",
        "email1", "emailaddress1",
        "emailadresse", "mailadresse", "epostadresse", "epost", "epostadress", "emailadress", "emailadres",
        "courriel", "adressemail", "adresseemail", "adressecourriel", "adresseelectronique",
        "correo", "correoelectronico", "direcciondecorreo", "indirizzoemail", "indirizzomail", "enderecodeemail",
        "adresemail", "emailcim", "sahkoposti", "sahkopostiosoite",
    )
)  # fmt: skip
_PERHAPS_ADDRESS = frozenset({"address", "subscriber", "member"})

_CADENCE = "cadence"
"""Of our own export."""
_EVIDENCE = (
    "confirmtime", "confirmedat", "confirmationtime", "doubleoptin", "doubleoptindate", "optintime", "optindate",
    "subscribedat", "subscribedate", "subscribed", "signupdate", "dateadded", "registered", "createdat", "created",
)  # fmt: skip
"""The strongest first."""

_WORDS = {
    word: standing
    for standing, words in {
        Standing.SUBSCRIBED: """
            subscribed active confirmed enabled regular optin optedin member
            aktiv abonniert angemeldet bestatigt actif abonne activo suscrito attivo iscritto actief
            """,
        Standing.NOT_CONFIRMED: """
            unconfirmed pending unactivated notconfirmed transactional nonsubscribed notsubscribed neversubscribed
            unbestatigt ausstehend
            """,
        Standing.LEFT: """
            unsubscribed optout optedout inactive disabled removed deleted archived blocklisted blacklisted suppressed
            left abgemeldet inaktiv desabonne inactif inactivo disiscritto inactief deactivated
            """,
        Standing.BOUNCED: "bounced cleaned bounce hardbounce hardbounced undeliverable invalid",
        Standing.COMPLAINED: "complained complaint spam junk abuse spamcomplaint markedasspam",
    }.items()
    for word in words.split()
}

_YES = frozenset({"1", "true", "yes", "y", "x", "ja", "oui", "si"})
_NO = frozenset({"", "false", "no", "n", "nein", "non", "null", "none", "na", "nil"})


def _by_word(cell: str) -> Standing:
    try:
        return _WORDS[_plain(cell)]
    except KeyError:
        raise KeyError(cell) from None


def _wanted(cell: str) -> Standing:
    """A column that says yes while the person is subscribed."""
    word = _plain(cell)
    if word in _YES:
        return Standing.SUBSCRIBED
    if _is_no(word):
        return Standing.LEFT
    raise KeyError(cell)


def _marked(standing: Standing) -> Callable[[str], Standing]:
    """A column that says yes, or when, once the person is out."""
    return lambda cell: Standing.SUBSCRIBED if _is_no(_plain(cell)) else standing


def _by_word_if_any(cell: str) -> Standing:
    """Our own export: the reason of a suppression, or nothing."""
    return _by_word(cell) if cell else Standing.SUBSCRIBED


def _is_no(word: str) -> bool:
    """Zeros alone are a no, or a date that was never set."""
    return word in _NO or not word.strip("0")


_STANDING_COLUMNS: dict[str, Callable[[str], Standing]] = {
    **dict.fromkeys(
        ("status", "state", "subscriptionstatus", "subscriberstatus", "memberstatus", "emailstatus", "optinstatus",
         "statut", "estado", "stato", "subscribertype"),
        _by_word,
    ),
    **dict.fromkeys(("subscribedtoemails", "optedin", "newsletter"), _wanted),
    **dict.fromkeys(
        ("unsubscribed", "unsubtime", "unsubscribedat", "unsubscribedate", "unsubscribetime", "optouttime", "optedout",
         "optout", "emaildisabled", "deletedat", "deactivated", "deactivatedat", "blacklisted", "emailblacklisted",
         "blocklisted", "abgemeldet"),
        _marked(Standing.LEFT),
    ),
    **dict.fromkeys(("cleantime", "bouncedat", "bounced", "hardbounced"), _marked(Standing.BOUNCED)),
    "suppression": _by_word_if_any,
    **dict.fromkeys(("complainedat", "complained"), _marked(Standing.COMPLAINED)),
}  # fmt: skip
