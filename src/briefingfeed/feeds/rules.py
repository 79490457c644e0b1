"""The validator: every feed document is judged by its bytes before it is published, and by `check`.

The rules stand in tables, each with its name (that of the W3C validator, where it has one), its numbers in our
checklist, its source, and whether it stops a publish: `rules_items`, `rules_content`, `rules_documents`, `rules_sets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from briefingfeed.feeds import rules_content, rules_documents, rules_items, rules_sets
from briefingfeed.feeds.rules_sheets import Item, Role, Sheet, read_sheet, read_xml, role_of
from briefingfeed.feeds.rules_table import ERROR, Breach, Rule, Site
from briefingfeed.models.output import OutputFile

NOT_WELL_FORMED = Rule("NotWellFormed", "13, 16", ERROR, "XML 1.0; RFC 8259", "a strict parser cannot read it")

ALL_RULES: tuple[Rule, ...] = (
    NOT_WELL_FORMED,
    *(rule for rule, *_ in rules_items.RULES),
    *rules_content.RULES,
    *(rule for rule, *_ in rules_documents.RULES),
    *(rule for rule, _ in rules_documents.OPML_RULES),
    *(rule for rule, _ in (*rules_sets.RULES, *rules_sets.WHOLE_RULES)),
    rules_sets.UNLISTED,
)


def is_document(path: str) -> bool:
    """Whether the file at `path`, relative to the output folder, is a feed document or the list of them."""
    return role_of(path) is not None


def examine(files: Iterable[OutputFile], site: Site, paths: Iterable[str] | None = None) -> tuple[Breach, ...]:
    """Judge feed documents; other files are passed over. What is the same in many documents is told once.

    `paths` are those of all feed documents, if `files` are only some: what takes all of them is then not asked.
    """
    examination = _Examination(site)
    known = [] if paths is None else list(paths)
    opml: OutputFile | None = None
    for file in files:
        role = role_of(file.path)
        if role is Role.LIST:
            opml = file
        elif role is not None:
            examination.add(file)
            known.append(file.path)
    examination.judge_together(whole=paths is None)
    if opml is not None:
        examination.judge_list(opml, [path for path in dict.fromkeys(known) if role_of(path) is Role.SUBSCRIBED])
    return tuple(dict.fromkeys(examination.breaches))


@dataclass(slots=True)
class _Examination:
    site: Site
    breaches: list[Breach] = field(default_factory=list)
    _sheets: dict[str, Sheet] = field(default_factory=dict)
    _contents: set[int] = field(default_factory=set)
    _told: set[tuple[str, str | None, str]] = field(default_factory=set)

    def add(self, file: OutputFile) -> None:
        try:
            sheet = read_sheet(file.path, file.content)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            self.breaches.append(Breach(rule=NOT_WELL_FORMED, path=file.path, detail=str(error)))
            return
        self._sheets[file.path] = _light(sheet)
        for rule, kinds, ask in rules_documents.RULES:
            if sheet.kind in kinds:
                for found in ask(sheet, self.site):
                    self._tell(rule, file.path, found)
        tests = [(rule, test) for rule, kinds, test in rules_items.RULES if sheet.kind in kinds]
        for item in sheet.items:
            for rule, test in tests:
                if (wrong := test(item, sheet)) is not None:
                    self._tell(rule, file.path, wrong, item.id)
            self._judge_content(sheet, item)

    def _judge_content(self, sheet: Sheet, item: Item) -> None:
        if item.content and (digest := hash(item.content)) not in self._contents:
            self._contents.add(digest)
            for rule, found in rules_content.faults(item.content):
                self._tell(rule, sheet.path, found, item.id)

    def _tell(self, rule: Rule, path: str, detail: str, entry_id: str | None = None) -> None:
        """An entry stands in many documents; what is wrong is told for the first."""
        key = (rule.says, entry_id, detail)
        if key not in self._told:
            self._told.add(key)
            self.breaches.append(Breach(rule=rule, path=path, detail=detail, entry_id=entry_id))

    def judge_together(self, *, whole: bool) -> None:
        rules = (*rules_sets.RULES, *(rules_sets.WHOLE_RULES if whole else ()))
        for rule, test in rules:
            self.breaches += [
                Breach(rule=rule, path=path, detail=found) for path, found in test(self._sheets, self.site)
            ]

    def judge_list(self, file: OutputFile, subscribed: list[str]) -> None:
        try:
            opml = read_xml(file.content)
        except ValueError as error:
            self.breaches.append(Breach(rule=NOT_WELL_FORMED, path=file.path, detail=str(error)))
            return
        found: Iterator[tuple[Rule, str]] = (
            (rule, detail) for rule, test in rules_documents.OPML_RULES for detail in test(opml)
        )
        self.breaches += [Breach(rule=rule, path=file.path, detail=detail) for rule, detail in found]
        missing = rules_sets.unlisted(opml, subscribed, self.site)
        self.breaches += [Breach(rule=rules_sets.UNLISTED, path=file.path, detail=path) for path in missing]


def _light(sheet: Sheet) -> Sheet:
    """Return what is compared with other documents, and let go of the parsed document: there are many of them."""
    items = tuple(
        item._replace(content=None if item.content is None else f"{hash(item.content):x}", source=None)
        for item in sheet.items
    )
    return replace(sheet, items=items, source=None)
