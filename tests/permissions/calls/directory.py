"""Calls of the services of the directory."""

from __future__ import annotations

from helpdesk.directory.models import UserImport
from helpdesk.directory.services import contacts, imports
from helpdesk.forms.bound import BoundForm, FormPart, bind
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import Form
from helpdesk.people.services import OrganizationDraft
from tests.permissions.world import Call, World

DIRECTORY = "helpdesk.directory.services"


def _form(world: World, letter: str, **values: str) -> BoundForm:
    form = Form.objects.get(type=letter)
    data = {f"field-{field.pk}": values[field.name] for field in form.fields.all() if field.name in values}
    return bind([FormPart(form)], asked=Asked(is_agent=True, agent=world.actor.agent), data=data)


def _running(world: World) -> UserImport:
    found = world.list_of_users
    UserImport.objects.filter(pk=found.pk).update(state=UserImport.State.RUNNING, columns=["email"])
    found.refresh_from_db()
    return found


CALLS: dict[str, Call] = {
    f"{DIRECTORY}.contacts.store_organization_form": lambda w: contacts.store_organization_form(
        _form(w, "O", name="New"), OrganizationDraft(name="New"), actor=w.actor
    ),
    f"{DIRECTORY}.contacts.store_user": lambda w: contacts.store_user(
        _form(w, "U", name="New", email="new@customer.test"), actor=w.actor
    ),
    f"{DIRECTORY}.imports.cancel_import": lambda w: imports.cancel_import(w.list_of_users, actor=w.actor),
    f"{DIRECTORY}.imports.go_on_with_import": lambda w: imports.go_on_with_import(
        _running(w), actor=w.actor, seconds=0
    ),
    f"{DIRECTORY}.imports.prepare_import": lambda w: imports.prepare_import(b"new@customer.test\n", actor=w.actor),
    f"{DIRECTORY}.imports.start_import": lambda w: imports.start_import(
        w.list_of_users, imports.ImportPlan(columns=["email"], has_headings=False), actor=w.actor
    ),
}
