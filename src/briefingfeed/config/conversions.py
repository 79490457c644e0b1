"""A TOML value -> the type a setting has. Each failure says in plain words what was expected."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from enum import Enum
from pathlib import Path
from typing import Any, Union
from zoneinfo import ZoneInfo

from briefingfeed.models.settings import Mailbox, MonthlyTime, WeeklyTime
from briefingfeed.models.theme import Colour

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"([01]?\d|2[0-3]):([0-5]\d)"
_LAST_DAY = 28
"""Every month has it."""
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


class Unfit(Exception):  # noqa: N818 - not an error of the program: it carries the words "must be ..."
    """The value does not fit; the message completes "must be"."""


def convert(value: object, wanted: Any) -> Any:
    """Convert `value` to the type `wanted`. Raises Unfit."""
    if typing.get_origin(wanted) in (Union, types.UnionType):
        options = [option for option in typing.get_args(wanted) if option is not type(None)]
        return convert(value, options[0])
    if typing.get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise Unfit('a list in square brackets, such as ["one", "two"]')
        return tuple(convert(item, typing.get_args(wanted)[0]) for item in value)
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return _member(value, wanted)
    return _CONVERTERS[wanted](value)


def _member(value: object, enum: type[Enum]) -> Enum:
    try:
        return enum(value)
    except ValueError:
        raise Unfit(f"one of {', '.join(str(member.value) for member in enum)}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit('a text in quotation marks: "..."')
    if not value.isprintable():
        raise Unfit("a text on one line without control characters")
    return value


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Unfit("a whole number of at least 1")
    return value


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise Unfit("a number above 0")
    return float(value)


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (OSError, ValueError, LookupError):
        raise Unfit('a time zone such as "Europe/London"') from None


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Unfit("a day without quotation marks: 2026-01-31")
    return value


def _duration(value: object) -> timedelta:
    match = re.fullmatch(r"(\d{1,6}) ?([a-z]+)", _text(value).strip())
    if not match or match[2] not in _UNITS:
        raise Unfit('a span of time such as "30 min", "3 h" or "7 d"')
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _weekly(value: object) -> WeeklyTime:
    match = re.fullmatch(r"([A-Za-z]{3})[a-z]* +" + _CLOCK, _text(value).strip())
    if not match or match[1].lower() not in _DAYS:
        raise Unfit('a weekday and a time such as "Mon 08:00"')
    return WeeklyTime(_DAYS.index(match[1].lower()), time(int(match[2]), int(match[3])))


def _time(value: object) -> time:
    match = re.fullmatch(_CLOCK, _text(value).strip())
    if not match:
        raise Unfit('a time such as "07:30"')
    return time(int(match[1]), int(match[2]))


def _monthly(value: object) -> MonthlyTime:
    match = re.fullmatch(rf"(\d{{1,2}}) +{_CLOCK}", _text(value).strip())
    if not match or not 1 <= int(match[1]) <= _LAST_DAY:
        raise Unfit('a day from 1 to 28 and a time such as "1 08:00"')
    return MonthlyTime(int(match[1]), time(int(match[2]), int(match[3])))


def _mailbox(value: object) -> Mailbox:
    name, address = parseaddr(_text(value))
    try:
        checked = Address(addr_spec=address)
    except (ValueError, IndexError):
        checked = None
    if checked is None or not checked.domain:
        raise Unfit('a name and an address such as "Our Briefings <briefings@example.org>"')
    return Mailbox(address=checked.addr_spec, name=name)


def _colour(value: object) -> Colour:
    try:
        return Colour.parse(_text(value).strip())
    except ValueError:
        raise Unfit('a colour such as "#8a2f14"') from None


def _path(value: object) -> Path:
    return Path(_text(value))


_CONVERTERS: dict[Any, Callable[[object], Any]] = {
    str: _text,
    bool: _switch,
    int: _whole,
    float: _number,
    ZoneInfo: _zone,
    date: _day,
    timedelta: _duration,
    time: _time,
    WeeklyTime: _weekly,
    MonthlyTime: _monthly,
    Mailbox: _mailbox,
    Path: _path,
    Colour: _colour,
}
