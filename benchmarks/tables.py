"""The tables of benchmarks/send.py, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from signature_cost import Signatures
from turns import Turn, Turns, middle, ratio, table

SENDERS = (
    "sender",
    "mails",
    "messages/s",
    "CPU µs each",
    "the sink's µs",
    "MiB",
    "ratio to smtp-source",
    "CPU ratio",
    "ours is so many times as fast",
)
SIGNATURES = ("processor time of one signed copy", "µs", "of bare", "of bare, both cores")


def print_senders(turns: Turns, yardstick: str, compared: Mapping[str, str]) -> None:
    """`compared` names the sender of ours that each of the others is held against."""
    rows = [_row(name, mine, turns, yardstick, compared) for name, mine in turns.items()]
    print(table(SENDERS, rows), flush=True)


def _row(name: str, mine: Sequence[Turn], turns: Turns, yardstick: str, compared: Mapping[str, str]) -> list[str]:
    peak = middle(mine, lambda turn: turn.peak_mib)
    return [
        name,
        f"{mine[0].messages:,}",
        f"{middle(mine, lambda turn: turn.rate):,.0f}",
        f"{middle(mine, lambda turn: turn.micros):,.0f}",
        f"{middle(mine, lambda turn: turn.sink_micros):,.0f}",
        f"{peak:,.0f}" if peak else "",
        f"{ratio(mine, turns[yardstick], lambda turn: turn.rate):.2f} ×",
        f"{ratio(mine, turns[yardstick], lambda turn: turn.micros):.2f} ×",
        f"{ratio(turns[compared[name]], mine, lambda turn: turn.rate):.2f} ×" if name in compared else "",
    ]


def print_signatures(unsigned: Sequence[Turn], signed: Sequence[Turn], taken: Sequence[Signatures]) -> None:
    """What the signed sender takes beside the signature that nobody can do without."""
    added = [one.micros - other.micros for one, other in zip(signed, unsigned, strict=True)]
    figures = {
        "the bare signature (`cryptography`), one core at work": [each.bare for each in taken],
        "the same, both cores at work": [each.bare_on_both for each in taken],
        "signature work alone: a copy spliced, hashed, signed": [each.alone for each in taken],
        "what signing adds to the whole sender": added,
        "the whole sender, signed": [turn.micros for turn in signed],
    }
    rows = [
        [
            name,
            f"{median(micros):,.0f}",
            f"{median(one / each.bare for one, each in zip(micros, taken, strict=True)):.2f} ×",
            f"{median(one / each.bare_on_both for one, each in zip(micros, taken, strict=True)):.2f} ×",
        ]
        for name, micros in figures.items()
    ]
    print(f"\n{table(SIGNATURES, rows)}", flush=True)
