"""The world of one case: its base, its set-up, the passing of time; objects by the numbers of the case."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Model

from helpdesk.configuration.services import set_settings
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.fields import LegacyDateTimeField
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.threads.models import (
    Collaborator,
    Draft,
    Lock,
    Referral,
    Thread,
    ThreadEntry,
    ThreadEvent,
)
from tasks.models import Task
from tests.conformance.base_rows import forget_everything
from tests.conformance.lifecycle.base import SYSTEM, load_base, load_sample_answer
from tests.conformance.lifecycle.statements import run_statement
from tests.conformance.lifecycle.steps import Step, carry_out
from tests.conformance.recorded import RecordedCase, operation_kind
from tickets.lookup import status_by_id
from tickets.models import Ticket, TicketStatus

ADDRESS = "203.0.113.9"
_AGING: tuple[type[Model], ...] = (
    *(Ticket, Thread, ThreadEntry, ThreadEvent, Task),
    *(Collaborator, Referral, Lock, Draft),
)


class LifecycleWorld:
    """The rows of a case after its set-up."""

    def __init__(self, case: RecordedCase) -> None:
        """Load the base of the case, carry out its set-up, let time pass, change rows directly."""
        self.given = case.given
        self.numbers: dict[str, str] = {}
        load_base(case.given["base"])
        load_sample_answer(case.expect.get("json"))
        set_settings("core", dict(case.given.get("config", {})), SYSTEM)
        forget_everything()
        for step in case.given.get("setup", []):
            with suppress(DomainError), transaction.atomic():  # what must be there then is told by `rows_before`
                self.carry_out(step)
        if case.given.get("aged_hours"):
            _age(timedelta(hours=case.given["aged_hours"]))
        for statement in case.given.get("sql", []):
            run_statement(statement)
        forget_everything()

    def carry_out(self, recorded: Mapping[str, Any], *, address: str = ADDRESS) -> Any:
        """Do what a step of the set-up, or the measured operation, says; give its result.

        Raises the DomainError of the service that refuses.
        """
        self.note_numbers()
        args = recorded.get("args", recorded.get("body")) or {}
        step = Step(
            world=self,
            kind=operation_kind(recorded),
            name=str(recorded["operation"]),
            actor=self.actor(recorded["actor"], address),
            args=self._with_real_values(args),
        )
        return carry_out(step)

    def actor(self, recorded: Any, address: str = ADDRESS) -> Actor:
        """Give the actor of a step."""
        if recorded == "system":
            return replace(SYSTEM, ip_address=address)
        return Actor.for_agent(self.agent(recorded["agent"]), ip_address=address)

    def ticket(self, number: Any) -> Ticket:
        """Give a ticket by its id in the case, which is its real one."""
        return Ticket.objects.get(pk=int(number))

    def agent(self, number: Any) -> Agent:
        """Give an agent by id."""
        return Agent.objects.get(pk=int(number))

    def team(self, number: Any) -> Team:
        """Give a team by id."""
        return Team.objects.get(pk=int(number))

    def department(self, number: Any) -> Department:
        """Give a department by id."""
        return Department.objects.get(pk=int(number))

    def user(self, number: Any) -> EndUser:
        """Give an end user by id."""
        return EndUser.objects.get(pk=int(number))

    def status(self, number: Any) -> TicketStatus:
        """Give a status by id. Raises ValidationFailed for one that does not exist."""
        return status_by_id(number)

    def note_numbers(self) -> None:
        """Remember the numbers of the tickets by their placeholders, also of those that go away later."""
        for pk, number in Ticket.objects.values_list("pk", "number"):
            self.numbers[f"<number:{pk}>"] = number or ""

    def _with_real_values(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key).removesuffix("[]"): self._with_real_values(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._with_real_values(inner) for inner in value]
        if value == "<code>":
            newest = Lock.objects.order_by("-pk").first()
            return newest.code if newest is not None else ""
        return self.numbers.get(value, value) if isinstance(value, str) else value


def _age(passed: timedelta) -> None:
    """Move every time in the tables of threads and their objects back."""
    for model in _AGING:
        names = [field.attname for field in model._meta.concrete_fields if isinstance(field, LegacyDateTimeField)]
        for row in model._default_manager.all():
            moments = {name: getattr(row, name) for name in names}
            moved = {name: moment - passed for name, moment in moments.items() if moment is not None}
            model._default_manager.filter(pk=row.pk).update(**moved)
