"""Pages of lists that are sorted by name: each begins where the one before ended, so all of them cost the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from helpdesk.legacy.ids import id_in

Row = TypeVar("Row", bound=Model)
PER_PAGE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, and the rows after and before which other pages begin, None at the ends."""

    rows: Sequence[Row]
    after: int | None
    before: int | None


def page_by_name(rows: QuerySet[Row], *, after: str = "", before: str = "", size: int = PER_PAGE) -> Page[Row]:
    """Give one page of rows by name; `after` and `before` are ids of rows, others are taken for none.

    The database compares names, so that pages follow its own order.
    """
    backwards = bool(before) and not after
    anchor = _row_at(rows, before if backwards else after)
    found = rows.order_by("-name", "-pk") if backwards and anchor else rows.order_by("name", "pk")
    if anchor is not None:
        side = "lt" if backwards else "gt"
        name: Any = getattr(anchor, "name")  # noqa: B009 -- both models have one
        found = found.filter(Q(**{f"name__{side}": name}) | Q(name=name, **{f"pk__{side}": anchor.pk}))
    taken = list(found[: size + 1])
    more, taken = len(taken) > size, taken[:size]
    if backwards and anchor is not None:
        taken.reverse()
        return Page(taken, taken[-1].pk if taken else None, taken[0].pk if more else None)
    return Page(taken, taken[-1].pk if more else None, taken[0].pk if taken and anchor is not None else None)


def newest_first(rows: QuerySet[Row], *, after: str = "", size: int = PER_PAGE) -> Page[Row]:
    """Give one page of rows, the newest first; older ones begin after the id `after`."""
    number = id_in(after)
    found = rows.order_by("-pk") if number is None else rows.order_by("-pk").filter(pk__lt=number)
    taken = list(found[: size + 1])
    return Page(taken[:size], taken[size - 1].pk if len(taken) > size else None, None)


def _row_at(rows: QuerySet[Row], text: str) -> Row | None:
    number = id_in(text)
    return None if number is None else rows.model._default_manager.filter(pk=number).first()
