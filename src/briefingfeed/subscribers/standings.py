"""What other tools' exports say of a person, cell by cell: whether they still want mail.

A cell that isn't understood raises KeyError with what stands in it: nothing is taken for consent by guessing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from enum import IntEnum


class Standing(IntEnum):
    """What the other tool knew of an address. A greater one is stricter."""

    SUBSCRIBED = 0
    NOT_CONFIRMED = 1
    """Never asked for the newsletter, or never confirmed."""
    LEFT = 2
    BOUNCED = 3
    COMPLAINED = 4


Reading = Callable[[str], Standing]
"""How a cell of a column is read. Raises KeyError."""


def plain(text: str) -> str:
    """`E-Mail-Adresse` and `e mail adresse` are one word: letters and digits only, no case, no accents."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text.casefold())))


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

_YES = frozenset(
    ("1", "true", "yes", "y", "x", "on", "ja", "j", "wahr", "oui", "o", "vrai", "si", "s", "verdadero", "vero", "sim",
     "waar", "tak", "igen", "kylla", "✓", "✔", "☑", "✅")
)  # fmt: skip
_NO = frozenset(
    ("0", "false", "no", "n", "off", "never", "nein", "falsch", "nie", "non", "faux", "jamais", "falso", "nunca",
     "nao", "nee", "onwaar", "nej", "nei", "nem", "ei")
)  # fmt: skip
_NOTHING = frozenset({"", "null", "none", "na", "nil", "-", "–", "—", "☐"})
"""How exports write that a cell is empty."""


def by_word(cell: str) -> Standing:
    """A column that names a status."""
    try:
        return _WORDS[plain(cell)]
    except KeyError:
        raise KeyError(cell) from None


def by_word_if_any(cell: str) -> Standing:
    """Our own export: the reason of a suppression, or nothing."""
    return by_word(cell) if cell else Standing.SUBSCRIBED


def wanted(cell: str) -> Standing:
    """A column that says yes while the person is subscribed."""
    if _word(cell) in _YES:
        return Standing.SUBSCRIBED
    if _is_no(cell):
        return Standing.LEFT
    raise KeyError(cell)


def marked(standing: Standing) -> Reading:
    """A column that says yes, or when, or why, once the person is out."""
    return lambda cell: Standing.SUBSCRIBED if _is_no(cell) else standing


def yes_or_when(without: Standing, column: Iterable[str]) -> Reading:
    """A column that says yes or no, or since when; `without` is what a no says of the person.

    An empty cell is a no beside a yes, as in boxes that are ticked; beside dates it says nothing.
    """
    has_boxes = any(_word(cell) in _YES for cell in column)

    def read(cell: str) -> Standing:
        word = _word(cell)
        if word in _NO or (has_boxes and _is_no(cell)):
            return without
        if word in _YES or word in _NOTHING or any(character.isdigit() for character in word):
            return Standing.SUBSCRIBED
        raise KeyError(cell)

    return read


def _word(cell: str) -> str:
    """A cell of signs only, such as a tick, is its own word."""
    return plain(cell) or cell


def _is_no(cell: str) -> bool:
    """Zeros alone are a no, or a date that was never set."""
    word = _word(cell)
    return word in _NO or word in _NOTHING or not word.strip("0")
