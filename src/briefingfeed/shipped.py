"""What is shipped beside the code: in the wheel, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def shipped_templates() -> Path:
    """Return the folder of the templates that come with briefingfeed."""
    packaged = _HERE / "_data" / "templates"
    return packaged if packaged.is_dir() else _HERE.parents[1] / "templates"


def shipped_example() -> Path:
    """Return the example publication as a wheel holds it; the checkout is that publication itself."""
    return _HERE / "_data" / "example"
