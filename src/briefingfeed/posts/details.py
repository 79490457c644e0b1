"""The keys with an inner life: whom to ask, when a call closes, what was corrected, the picture at the top."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from briefingfeed.models.post import CallToAction, Closing, Contact, Correction
from briefingfeed.posts.dates import day_after, midnight

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from briefingfeed.posts.fields import Fields
    from briefingfeed.posts.findings import Findings
    from briefingfeed.posts.frontmatter import Value

_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")


def read_contact(fields: Fields, findings: Findings) -> Contact | None:
    entry = fields.entry("contact")
    if entry is None:
        return None
    table = entry.value if isinstance(entry.value, dict) else {}
    name, email = _word(table, "name"), _word(table, "email")
    if name and email and _ADDRESS.fullmatch(email):
        return Contact(name=name, email=email)
    findings.error(
        "contact needs a name and an email address.",
        "Write it as contact: {name: Amara Osei, email: amara@example.org}",
        entry.line,
    )
    return None


def read_closes(fields: Fields, zone: ZoneInfo) -> Closing | None:
    moment = fields.moment("closes")
    if moment is None:
        return None
    day = moment.at.date()
    if moment.time_given:
        return Closing(at=moment.at, day=day, time_given=True)
    return Closing(at=midnight(day_after(day), zone), day=day)


def read_call_to_action(fields: Fields, findings: Findings) -> CallToAction | None:
    entry = fields.entry("call_to_action")
    if entry is None:
        return None
    if isinstance(entry.value, str):
        return CallToAction(label=" ".join(entry.value.split()))
    table = entry.value if isinstance(entry.value, dict) else {}
    label = _word(table, "label")
    if not label:
        remedy = "Write it as call_to_action: {label: Take the survey, url: https://…}"
        findings.error("call_to_action needs a label.", remedy, entry.line)
        return None
    return CallToAction(label=label, url=_word(table, "url"))


def read_corrections(fields: Fields, findings: Findings) -> tuple[Correction, ...]:
    entry = fields.entry("corrections")
    if entry is None:
        return ()
    found: list[Correction] = []
    for item in entry.value if isinstance(entry.value, list) else [entry.value]:
        table = item if isinstance(item, dict) else {}
        note = _word(table, "note")
        if not note or not table.get("date"):
            findings.error(
                "Each correction needs a date and a note.",
                "Write them as a list: - {date: 2026-11-26, note: The figure was 12, not 21.}",
                entry.line,
            )
            return ()
        day = fields.day_of(table["date"], entry)
        if day:
            found.append(Correction(date=day, note=note))
    return tuple(sorted(found, key=lambda correction: correction.date))


def read_image(fields: Fields, findings: Findings) -> tuple[str | None, str]:
    entry = fields.entry("image")
    alt = fields.text("image_alt") or ""
    value: Value = entry.value if entry else None
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        alt = alt or _word(value, "alt") or ""
        value = next((value[key] for key in ("url", "path", "src", "image") if value.get(key)), None)
    if entry and not isinstance(value, str):
        findings.warning(f"{entry.key} names no image; it was left out.", "Write image: picture.jpg", entry.line)
        return None, alt
    return value.strip() if isinstance(value, str) else None, alt


def _word(table: Mapping[str, Value], key: str) -> str | None:
    value = next((value for name, value in table.items() if name.lower() == key), None)
    return " ".join(value.split()) or None if isinstance(value, str) else None
