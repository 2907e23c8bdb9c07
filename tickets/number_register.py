"""Which numbers are given away: the side table `hd_number`, whose key makes them unique (osticket/tickets.md §16.1).

osTicket's own column `number` has neither index nor constraint, and may get none. A new number is a row of the side
table first, written in the transaction of its ticket: of two that want the same one, the key lets one have it. Numbers
that osTicket gave are in the table up to a noted id (`NumberPosition`); the few tickets behind it are looked at by
their primary key, so that nobody searches all of `ticket` for a number. `note_slice` moves the noted id on.

PHP beside us asks its own table and not ours. Numbers of a sequence cannot collide, since both programs lock the row of
the sequence; random ones only when both choose the same within the same milliseconds. Then there are two tickets with
one number, as with two PHP processes; `note_slice` sees it and writes it into the system log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import connections, models, router, transaction
from django.db.models import Max

from helpdesk.configuration.kept import Kept
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.threads.constants import ObjectType
from tickets.models import NumberPosition, NumberReservation, Ticket

logger = structlog.get_logger(__name__)

SLICE = 1000
"""Objects noted in one transaction."""
LAG = 100
"""The newest objects are left for the next time: PHP may be about to commit one with a lower id."""


def _read_position(object_type: str) -> int:
    return NumberPosition.objects.filter(pk=object_type).values_list("position", flat=True).first() or 0


_position = Kept(_read_position)
_position.forget_with(NumberPosition)


@dataclass(frozen=True)
class NumberRegister:
    """The numbers of tickets, or of tasks: `object_type` is their letter, `model` has a column `number`."""

    object_type: str
    model: type[models.Model]

    def position(self) -> int:
        """Give an id up to which the objects' numbers are in the table.

        It only rises: where it was a second ago, more is looked at than needed, and nothing is missed.
        """
        return _position(self.object_type)

    def claim(self, number: str, *, position: int) -> bool:
        """Reserve a number, in one statement; False when somebody has it, or had it first.

        The reservation belongs to the running transaction. `position` is what the method of that name gave.
        """
        connection = connections[router.db_for_write(NumberReservation)]
        with connection.cursor() as cursor:
            cursor.execute(self._claim_statement(connection), [self._key(number), position, number])
            return bool(cursor.rowcount == 1)

    def free_among(self, numbers: Collection[str], *, position: int) -> list[str]:
        """Give those that nobody has, in their order; a number whose object was deleted is free again."""
        keys = {self._key(number) for number in numbers}
        reserved = dict(NumberReservation.objects.filter(pk__in=keys).values_list("key", "object_id"))
        reserved = self._without_deleted(reserved)
        newest = self._objects().filter(pk__gt=position, number__in=list(numbers))
        taken = set(reserved) | {self._key(number) for number in newest.values_list("number", flat=True)}
        return [number for number in numbers if self._key(number) not in taken]

    def release(self, numbers: Iterable[str]) -> None:
        """Give numbers of deleted objects back."""
        NumberReservation.objects.filter(pk__in=[self._key(number) for number in numbers]).delete()

    def note_slice(self, most: int = SLICE) -> int:
        """Enter the numbers of the next objects, in a transaction of its own; give how many objects there were."""
        with transaction.atomic():
            NumberPosition.objects.get_or_create(pk=self.object_type)
            place = NumberPosition.objects.select_for_update().get(pk=self.object_type)
            newest = self._objects().aggregate(newest=Max("pk"))["newest"] or 0
            behind = self._objects().filter(pk__gt=place.position, pk__lte=newest - LAG).order_by("pk")
            rows: list[tuple[int, str | None]] = list(behind.values_list("pk", "number")[:most])
            if rows:
                self._enter(rows)
                place.position = rows[-1][0]
                place.save(update_fields=["position"])
        return len(rows)

    def note_all(self, *, slices: int | None = None) -> int:
        """Enter what is not entered, at most `slices` times `SLICE` objects; give how many there were."""
        noted = 0
        while slices is None or slices > 0:
            count = self.note_slice()
            noted += count
            if count < SLICE:
                break
            slices = None if slices is None else slices - 1
        return noted

    def _enter(self, rows: list[tuple[int, str | None]]) -> None:
        owners: dict[str, int] = {}
        clashes: list[tuple[str, int, int]] = []
        wanted = [(self._key(number), number, pk) for pk, number in rows if number]
        known = dict(
            NumberReservation.objects.filter(pk__in={key for key, *_ in wanted}).values_list("key", "object_id")
        )
        for key, number, pk in wanted:
            owner = owners.get(key) or known.get(key)
            if owner is not None and owner != pk:
                clashes.append((number, owner, pk))
            else:
                owners[key] = pk
        new = [NumberReservation(key=key, object_id=pk) for key, pk in owners.items() if known.get(key) != pk]
        target = connections[router.db_for_write(NumberReservation)].features.supports_update_conflicts_with_target
        NumberReservation.objects.bulk_create(
            new, update_conflicts=True, update_fields=["object_id"], unique_fields=["key"] if target else None
        )
        if clashes:
            self._report(clashes)

    def _report(self, clashes: list[tuple[str, int, int]]) -> None:
        logger.warning("numbers_given_twice", object_type=self.object_type, count=len(clashes))
        lines = [f"{number}: ids {first} and {second}" for number, first, second in clashes[:50]]
        more = [f"and {len(clashes) - len(lines)} more"] if len(clashes) > len(lines) else []
        log_system(LogLevel.WARNING, "Numbers given twice", "\n".join([*lines, *more]))

    def _without_deleted(self, reserved: dict[str, int | None]) -> dict[str, int | None]:
        ids = [object_id for object_id in reserved.values() if object_id is not None]
        existing = set(self._objects().filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
        gone = {key: owner for key, owner in reserved.items() if owner is not None and owner not in existing}
        if gone:
            NumberReservation.objects.filter(pk__in=gone, object_id__in=gone.values()).delete()
        return {key: owner for key, owner in reserved.items() if key not in gone}

    def _objects(self) -> models.QuerySet[Any]:
        return self.model._default_manager.all()

    def _key(self, number: str) -> str:
        return f"{self.object_type}{number.strip().casefold()}"

    def _claim_statement(self, connection: Any) -> str:
        """One INSERT that does nothing when the key exists or a newer object has the number.

        The position is a parameter and no sub-query: planners must see that few rows lie behind it.
        """
        quote, is_mysql = connection.ops.quote_name, connection.vendor == "mysql"
        meta = self.model._meta
        table, pk, number = (quote(name) for name in (meta.db_table, meta.pk.column, meta.get_field("number").column))  # type: ignore[union-attr]
        reservations, key = (quote(name) for name in (NumberReservation._meta.db_table, "key"))
        return (
            f"INSERT {'IGNORE ' if is_mysql else ''}INTO {reservations} ({key}) SELECT %s"  # noqa: S608 -- names of ours
            f"{' FROM DUAL' if is_mysql else ''}"
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {pk} > %s AND {number} = %s)"
            f"{'' if is_mysql else ' ON CONFLICT DO NOTHING'}"
        )


TICKETS = NumberRegister(ObjectType.TICKET, Ticket)


def note_now_and_then(ticket: Ticket, **_: object) -> None:
    """Keep the tickets that are not noted few while thousands are made between two runs of the job."""
    if ticket.pk % SLICE == 0:
        TICKETS.note_all(slices=3)
