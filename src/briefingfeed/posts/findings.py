"""What is found wrong in one file while it is read, gathered so that all of it can be told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from briefingfeed.models.problem import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable


class Findings:
    """The problems of one file, in the order they were found."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._problems: list[Problem] = []

    def recall(self, problems: Iterable[Problem]) -> None:
        """Take over what was found when the file was read before."""
        self._problems.extend(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems)

    @property
    def broken(self) -> bool:
        """Whether anything found keeps the file from being published."""
        return any(problem.is_error for problem in self._problems)

    def error(self, message: str, remedy: str, line: int | None = None) -> None:
        self._problems.append(Problem(path=self.path, message=message, remedy=remedy, line=line))

    def warning(self, message: str, remedy: str, line: int | None = None) -> None:
        problem = Problem(path=self.path, message=message, remedy=remedy, line=line, severity=Severity.WARNING)
        self._problems.append(problem)


def place(problem: Problem) -> tuple[str, int, str]:
    """Sort key: by file, then line, then words."""
    return (problem.path, problem.line or 0, problem.message)
