"""What the columns of other tools' exports mean: where the address stands, and what says if the person wants mail.

Everything a file says about an address counts, and the strictest of it wins: a column, a date of leaving, and the
file's own name (Mailchimp exports one file each for those who are subscribed, who left, and who bounced).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from briefingfeed.subscribers.standings import (
    Reading,
    Standing,
    by_word,
    by_word_if_any,
    marked,
    plain,
    wanted,
    yes_or_when,
)
from briefingfeed.subscribers.tables import printable


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
    standings: tuple[tuple[int, str, Reading], ...] = ()
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
    names = [plain(cell) for cell in heading]
    # A postal address may stand beside the one that is meant, so `_PERHAPS_ADDRESS` counts only if there is no other.
    found = [names.index(name) for among in (_ADDRESS, _PERHAPS_ADDRESS) for name in names if name in among]
    return found[0] if found else None


def names_addresses(cell: str) -> bool:
    """Tell whether a cell is surely the heading of a column of addresses."""
    return plain(cell) in _ADDRESS


def tells_standing(cell: str) -> bool:
    """Tell whether a column of this name says if somebody wants mail."""
    name = plain(cell)
    return name in _STANDING_COLUMNS or name in _YES_OR_WHEN


def is_known(cell: str) -> bool:
    """Tell whether it is known what a column of this name holds: what is read, or what doesn't matter here."""
    name = plain(cell)
    return (
        name in _ADDRESS
        or name in _PERHAPS_ADDRESS
        or tells_standing(cell)
        or name in _EVIDENCE
        or name == _CADENCE
        or name.rstrip("0123456789") in _HARMLESS
    )


def read_heading(heading: Sequence[str], rows: Sequence[Sequence[str]], *, address: int) -> Columns:
    """Return what the cells of a heading mean, given the rows below it and the column of the addresses."""
    names = [plain(cell) for cell in heading]
    standings = tuple(
        (index, printable(heading[index]), read)
        for index, name in enumerate(names)
        if (read := _reading(name, index, rows)) is not None
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
    return by_word(found[1]) if found else Standing.SUBSCRIBED


def _reading(name: str, index: int, rows: Sequence[Sequence[str]]) -> Reading | None:
    if name in _YES_OR_WHEN:
        return yes_or_when(_YES_OR_WHEN[name], (cells[index] for cells in rows if index < len(cells)))
    return _STANDING_COLUMNS.get(name)


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
    "confirmtime", "confirmedat", "confirmationtime", "doubleoptin", "doubleoptindate",
    "optintime", "optindate", "consentdate", "consentat", "subscribedat", "subscribedate",
    "confirmed", "optin", "consent", "subscribed", "signupdate", "dateadded", "registered", "createdat", "created",
)  # fmt: skip
"""The strongest first."""

_STANDING_COLUMNS: dict[str, Reading] = {
    **dict.fromkeys(
        ("status", "state", "subscriptionstatus", "subscriberstatus", "memberstatus", "emailstatus", "optinstatus",
         "statut", "estado", "stato", "subscribertype"),
        by_word,
    ),
    **dict.fromkeys(("subscribedtoemails", "optedin", "newsletter"), wanted),
    **dict.fromkeys(
        ("unsubscribed", "unsubscribe", "unsub", "unsubtime", "unsubdate", "unsubscribedat", "unsubscribedate",
         "unsubscribeddate", "unsubscribedon", "unsubscribetime", "unsubscribedfromallemail", "unsubreason",
         "unsubreasonother", "unsubcampaigntitle", "unsubcampaignid",
         "optouttime", "optoutdate", "optedout", "optedoutat", "optout", "emailoptout", "hasoptedoutofemail",
         "donotemail", "donotmail", "donotcontact", "emaildisabled", "deletedat", "deactivated", "deactivatedat",
         "blacklisted", "emailblacklisted", "blocklisted", "emailblocklisted",
         "abgemeldet", "abgemeldetam", "abmeldedatum", "ausgetragen", "ausgetragenam",
         "desabonne", "desabonnele", "desinscrit", "desinscritle", "disiscritto", "uitgeschreven", "baja",
         "fechadebaja"),
        marked(Standing.LEFT),
    ),
    **dict.fromkeys(("cleantime", "bouncedat", "bounced", "hardbounced"), marked(Standing.BOUNCED)),
    "suppression": by_word_if_any,
    **dict.fromkeys(("complainedat", "complained"), marked(Standing.COMPLAINED)),
}  # fmt: skip

_YES_OR_WHEN: dict[str, Standing] = {
    **dict.fromkeys(
        ("subscribed", "issubscribed", "subscribedat", "subscribedate", "active", "isactive", "enabled",
         "abonniert", "angemeldet", "aktiv", "abonne", "inscrit", "actif", "suscrito", "activo", "iscritto", "attivo"),
        Standing.LEFT,
    ),
    **dict.fromkeys(
        ("confirmed", "isconfirmed", "confirmedat", "confirmtime", "confirmationtime", "emailconfirmed", "verified",
         "emailverified", "doubleoptin", "doubleoptindate", "optin", "emailoptin", "optintime", "optindate",
         "consent", "consentgiven", "consentdate", "consentat", "emailconsent", "marketingconsent", "gdprconsent",
         "acceptsmarketing", "acceptsemailmarketing", "bestatigt", "einwilligung", "confirme", "consentement",
         "confirmado", "consentimiento", "confermato", "consenso"),
        Standing.NOT_CONFIRMED,
    ),
}  # fmt: skip
"""What a no in them says of the person."""

_HARMLESS = frozenset(
    (
        "name", "firstname", "lastname", "fullname", "fname", "lname", "givenname", "familyname", "surname",
        "middlename", "displayname", "nickname", "username", "salutation", "title", "gender", "birthday",
        "vorname", "nachname", "anrede", "titel", "prenom", "nom", "nomdefamille", "civilite", "nombre", "apellido",
        "apellidos", "cognome", "voornaam", "achternaam", "naam", "fornavn", "etternavn", "efternavn", "fornamn",
        "efternamn", "namn", "navn", "contactperson",
        "organisation", "organization", "company", "companyname", "employer", "department", "jobtitle", "role",
        "firma", "unternehmen", "abteilung", "societe", "entreprise", "empresa", "azienda", "bedrijf", "website", "url",
        "phone", "phonenumber", "telephone", "mobile", "mobilephone", "fax", "telefon", "telefono", "handy",
        "postaladdress", "streetaddress", "street", "city", "town", "county", "province", "postcode", "postalcode",
        "zip", "zipcode", "country", "adresse", "strasse", "ort", "stadt", "plz", "land", "ville", "pays", "codepostal",
        "ciudad", "pais", "citta", "rue",
        "language", "locale", "sprache", "langue", "timezone", "gmtoff", "dstoff", "latitude", "longitude", "cc",
        "region", "date", "datum", "updated", "updatedat", "lastchanged", "lastmodified", "source", "signupsource",
        "id", "leid", "euid", "uid", "uuid", "subscriberid", "memberid", "number", "memberrating", "rating",
        "ip", "ipaddress", "optinip", "confirmip", "signupip",
    )
)  # fmt: skip
"""What exports hold beside, and what never says that somebody left; a number behind it doesn't matter."""
