"""What programs are told when their request is refused."""

# ruff: noqa: N818 -- named by what happened, as the refusals of the domain are
from __future__ import annotations


class ApiRefusal(Exception):
    """A request that is not carried out: the status and the text of the answer (osticket/api.md §3)."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class DocumentUnreadable(ApiRefusal):
    """A document that is not what its address says, or that osTicket could not digest."""

    def __init__(self, text: str) -> None:
        super().__init__(400, text)
