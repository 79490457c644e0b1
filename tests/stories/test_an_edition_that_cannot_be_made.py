"""What keeps an edition from being made doesn't keep an earlier one from its readers."""

from __future__ import annotations

from briefingfeed.errors import TemplateError
from briefingfeed.look import Look
from briefingfeed.models.delivery import Result
from briefingfeed.models.edition import Cadence, EditionState
from briefingfeed.shipped import shipped_templates

from .house import House


def test_a_broken_template_keeps_nobody_waiting_for_the_edition_before(house: House) -> None:
    house.have_all_cadences()
    house.subscribe("ann")
    house.subscribe("dot", cadence=Cadence.DAILY)
    house.write("Tides", "2026-11-16")
    house.run(Cadence.DAILY)
    house.office.answers = {"ann": Result.DEFERRED}
    house.run(at_once=True)
    house.office.answers = {}
    house.write("Winds", "2026-11-18 12:00")
    own = house.folder / "templates"
    (own / "email").mkdir(parents=True)
    (own / "email" / "digest.html").write_text("{% if %}", "utf-8")
    house.look = Look([own, shipped_templates()], house.settings.publication)
    report = house.run(Cadence.DAILY, at="2026-11-19 07:35")
    assert isinstance(report.error, TemplateError)
    assert house.mails("dot") == []
    assert house.mails("ann") == [["Tides"], ["Tides"]]
    assert house.state("weekly/2026-W47") is EditionState.DONE
