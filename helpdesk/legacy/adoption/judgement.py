"""What an examination finds: problems that forbid adoption, and remarks that people should read."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Why the database cannot be adopted as it is. `code` is stable; `way_out` says what to do, one step per line."""

    code: str
    text: str
    way_out: tuple[str, ...] = ()


class AdoptionRefused(Exception):  # noqa: N818 -- what happened, as people say it
    """The database cannot be adopted; nothing was changed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Take what is wrong, at least one problem."""
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = tuple(problems)
