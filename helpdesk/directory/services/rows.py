"""One row of a list: which user it speaks of, and what it says of him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from helpdesk.directory.columns import EMAIL, FIRST, LAST, NAME, NOTHING, ORGANIZATION, targets
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.exports.cells import is_formula
from helpdesk.forms.bound import bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked, Clean, StoredAnswer, type_of
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.forms.selectors import form_for
from helpdesk.legacy.folding import fold
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization
from helpdesk.people.names import entered_name
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import has_agent_permission
from helpdesk.people.selectors import user_of_address
from helpdesk.people.services import change_end_user, create_end_user, create_organization, set_organization

Outcome = UserImportRow.Outcome


class RowRefused(Exception):  # noqa: N818 -- named by what happened
    """A row cannot be imported; `column` is the heading of the cell that is to be changed."""

    def __init__(self, message: str | Promise, *, column: str = "", address: str = "") -> None:
        super().__init__(message)
        self.column, self.address = column, address


@dataclass(frozen=True)
class Imported:
    """What became of a row."""

    outcome: str
    user_id: int
    address: str


class RowReader:
    """Reads the rows of one list; what they have in common is read once."""

    def __init__(self, plan: UserImport, *, actor: Actor, now: datetime) -> None:
        """Take the list and who imports it."""
        self.plan, self.actor, self.now = plan, actor, now
        self.targets = {target.key: target for target in targets()}
        self.columns = [key if key in self.targets else NOTHING for key in plan.columns]
        self.form = form_for(EntryObject.USER)
        self.organizations: dict[str, Organization] = {}
        self.home = Organization.objects.filter(pk=plan.organization_id).first() if plan.organization_id else None

    def read(self, cells: Sequence[str]) -> Imported:
        """Import one row. Raises RowRefused, and what the services raise."""
        try:
            return self._read(self._values(cells))
        except Exception:
            self.organizations.clear()  # one that this row made goes with it
            raise

    def _read(self, values: dict[str, str]) -> Imported:
        address = values.get(EMAIL, "").strip()
        if not address:
            raise RowRefused(_("There is no e-mail address."), column=self.label_of(EMAIL))
        for key, value in values.items():
            self._check_harmless(key, value, address)
        name = self._name(values)
        answers = self._answers(values, address)
        known = user_of_address(address)
        if known is not None:
            return self._update(known, name, answers, values, address)
        organization = self._organization(values, address) or self.home
        user = create_end_user(
            address, name, actor=self.actor, organization=organization, answers=answers, now=self.now
        )
        return Imported(Outcome.MADE, user.pk, address)

    def label_of(self, key: str | None) -> str:
        """Give the name of what a column holds."""
        target = self.targets.get(key or "")
        return target.label if target else (key or "")

    def address_in(self, cells: Sequence[str]) -> str:
        """Give the address of a row."""
        return self._values(cells).get(EMAIL, "")

    def _values(self, cells: Sequence[str]) -> dict[str, str]:
        """Give what is said, without the apostrophe by which exports make cells harmless; empty cells say nothing."""
        values = {key: cell for key, cell in zip(self.columns, cells, strict=False) if key != NOTHING and cell}
        return {
            key: cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell for key, cell in values.items()
        }

    def _check_harmless(self, key: str, value: str, address: str) -> None:
        """Refuse what a spreadsheet would carry out: no person or company is called `=HYPERLINK(…)`."""
        is_name = key in (NAME, FIRST, LAST, ORGANIZATION)
        if (is_name and is_formula(value)) or value.startswith("="):
            message = _("The cell begins like a formula of a spreadsheet.")
            raise RowRefused(message, column=self.label_of(key), address=address)

    def _name(self, values: dict[str, str]) -> str:
        whole = values.get(NAME) or " ".join(filter(None, (values.get(FIRST), values.get(LAST))))
        return entered_name(whole)

    def _answers(self, values: dict[str, str], address: str) -> dict[int, Clean]:
        """Give the answers to the contact form, checked as those of an agent's page."""
        fields: list[FormField] = [
            target.field for key, target in self.targets.items() if target.field is not None and key in values
        ]
        if not fields or self.form is None:
            return {}
        only = {field.pk for field in fields}
        data = {str(pk): values[str(pk)] for pk in only}
        form = bind([self.form], asked=Asked(is_agent=True, agent=self.actor.agent), data=data, only=only)
        for bound, error in form.error_summary:
            message = error or _("This is not in the required form")
            raise RowRefused(message, column=bound.label, address=address)
        return {bound.field.pk: Clean(bound.clean) for bound in form}

    def _organization(self, values: dict[str, str], address: str) -> Organization | None:
        """Give the organization of a row, made when there is none of this name and the actor may do so."""
        name = entered_name(values.get(ORGANIZATION, ""))
        if not name:
            return None
        key = fold(name)
        if key not in self.organizations:
            found = Organization.objects.filter(name__folded=name).order_by("pk").first()
            if found is None and not has_agent_permission(self.actor, AgentPermission.ORG_CREATE):
                message = _("There is no organization “%(name)s”, and you may not make one.") % {"name": name}
                raise RowRefused(message, column=self.label_of(ORGANIZATION), address=address)
            self.organizations[key] = found or create_organization(name, actor=self.actor)
        return self.organizations[key]

    def _update(
        self, user: EndUser, name: str, answers: dict[int, Clean], values: dict[str, str], address: str
    ) -> Imported:
        """Change what the row says otherwise; cells that are empty change nothing."""
        changed = self._changed_answers(user, answers)
        new_name = name if name and name != user.name else None
        organization = self._organization(values, address)
        moves = organization is not None and organization.pk != user.org_id
        if not (changed or new_name or moves):
            return Imported(Outcome.UNCHANGED, user.pk, address)
        if not self.plan.updates_known:
            raise RowRefused(_("This user is known already."), address=address)
        if not has_agent_permission(self.actor, AgentPermission.USER_EDIT):
            raise RowRefused(_("This user is known already, and you may not change him."), address=address)
        if changed or new_name:
            change_end_user(user, actor=self.actor, name=new_name, answers=changed, now=self.now)
        if moves:
            set_organization(user, organization, actor=self.actor)
        return Imported(Outcome.UPDATED, user.pk, address)

    def _changed_answers(self, user: EndUser, answers: dict[int, Clean]) -> dict[int, Clean]:
        if not answers:
            return {}
        rows = FormAnswer.objects.filter(
            entry__object_type=EntryObject.USER, entry__object_id=user.pk, field__in=answers
        )
        stored = {row.field_id: StoredAnswer(row.value, row.value_id) for row in rows}
        fields = {target.field.pk: target.field for target in self.targets.values() if target.field is not None}
        return {
            pk: clean
            for pk, clean in answers.items()
            if stored.get(pk) != type_of(fields[pk]).to_database(fields[pk], clean.value)
        }
