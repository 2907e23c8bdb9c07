"""Nobody replaces what somebody else saved meanwhile without having seen it.

A form carries the mark of what it showed. Where the rows say something else when it comes back, nothing is saved: the
form is shown again as it was filled in, with the mark of what there is now, so that sending it once more is a decision.
A mark is made of what the form shows, not of `updated`: columns of osTicket know seconds only, some tables have none,
and what hangs on a row (rules of a filter, columns of a queue) does not change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, NotFound

Row = TypeVar("Row", bound=models.Model)
CHANGED_MEANWHILE = "changed_meanwhile"
SEEN = "seen"
"""Name of the hidden input."""
NOTHING_SHOWN = "-"
"""The mark of a form about something that is not there yet."""


class Guard(Generic[Row]):
    """Saving one form: what it showed when it was sent, and what it would show now.

    `read` gives what the form shows of the row (of the row as it is given, and of what hangs on it). `row` is None
    where something new is made: nobody can have changed that. Without a mark nothing is compared. With `labels`, by
    the names of what `read` gives, the refusal says what is another: each name then has a mark of its own.
    """

    def __init__(
        self,
        posted: Mapping[str, Any],
        row: Row | None,
        read: Callable[[Row], object],
        *,
        labels: Mapping[str, object] | None = None,
    ) -> None:
        """Take what was sent, an empty mapping for a page that is only looked at."""
        self._seen = str(posted.get(SEEN, ""))
        self._row = row
        self._read = read
        self._labels = labels

    @property
    def mark(self) -> str:
        """Give the mark for the hidden input: the one that was sent, until the refusal has been shown."""
        if self._row is None:
            return ""
        return self._seen or self._mark_of(self._row)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """Save within this. Raises NotFound when the row is gone, Conflict when it shows something else by now."""
        with transaction.atomic():
            if self._row is not None:
                self._compare(locked(self._row))
            yield

    def _compare(self, now: Row) -> None:
        seen, mark = self._seen, self._mark_of(now)
        if seen and seen != mark:
            self._seen = mark
            raise changed_meanwhile(self._differing(seen, mark))

    def _mark_of(self, row: Row) -> str:
        shown = self._read(row)
        if self._labels is None or not isinstance(shown, Mapping):
            return mark_of(shown)
        return " ".join(f"{name}:{mark_of(value)}" for name, value in shown.items()) or NOTHING_SHOWN

    def _differing(self, seen: str, mark: str) -> list[str]:
        """Give the labels of what only one of two marks says, in their order; [] where nothing was there before."""
        if seen == NOTHING_SHOWN:
            return []
        names = {one.partition(":")[0] for one in set(seen.split()) ^ set(mark.split())}
        return [str(label) for name, label in (self._labels or {}).items() if name in names]


def locked(row: Row) -> Row:
    """Give the row as it stands now, locked until the transaction ends. Raises NotFound when it is gone."""
    found = type(row)._base_manager.select_for_update().filter(pk=row.pk).first()
    if found is None:
        raise NotFound(_("Somebody has deleted this meanwhile."), code="deleted_meanwhile")
    return found


def changed_meanwhile(labels: Collection[str] = ()) -> Conflict:
    """Give the refusal, which names what was changed where that is known."""
    if not labels:
        message = _("Somebody else has changed this meanwhile. Look at it in another window: saving again replaces it.")
        return Conflict(message, code=CHANGED_MEANWHILE)
    named = _(
        "Somebody else has changed this meanwhile: %(what)s. Look at it in another window: saving again replaces it."
    )
    return Conflict(named % {"what": ", ".join(labels)}, code=CHANGED_MEANWHILE)


def mark_of(shown: object) -> str:
    """Give a short text that differs whenever two forms show something else."""
    plain = json.dumps(_plain(shown), ensure_ascii=True, sort_keys=True)
    return hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set | frozenset):
        return sorted(str(one) for one in value)
    if isinstance(value, models.Model):
        return [type(value).__name__, str(value.pk)]
    return value if value is None or isinstance(value, bool) else str(value)
