"""End users: found by address, made when they first write, changed, deleted (osticket/routing.md §4)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action
from helpdesk.configuration.models import QuickNote
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import UserFlag
from helpdesk.people.contact_form import save_contact_form
from helpdesk.people.models import EndUser, Organization, UserAccount, UserEmail
from helpdesk.people.names import entered_name
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission, check_may_change_user
from helpdesk.people.removal import belongings, release_user
from helpdesk.people.selectors import note_owner, organization_of_address, user_of_address
from helpdesk.people.services.organizations import without_contact
from helpdesk.people.signals import user_deleted, user_saved
from helpdesk.people.trail import record_user, user_values
from helpdesk.people.validation import checked_address, checked_text

NAME_LENGTH = 128


@transaction.atomic
def create_end_user(
    address: str,
    name: str = "",
    *,
    actor: Actor,
    organization: Organization | None = None,
    answers: Mapping[Any, Any] | None = None,
    now: datetime | None = None,
) -> EndUser:
    """Create an end user; without a name the part of the address before the @ serves as one.

    Without an `organization` the one whose mail domains name the address' domain is taken. `answers` are those of the
    contact form, by variable name or field id. Raises PermissionRefused, ValidationFailed for an address that is none
    or belongs to somebody.
    """
    user, is_new = _user_of(address, name, actor=actor, organization=organization, answers=answers, now=now)
    if not is_new:
        raise _address_taken()
    record_user(actor, Action.CREATED, user, {}, user_values(user))
    user_saved.send(EndUser, user=user)
    return user


def find_or_create_user(
    address: str,
    name: str = "",
    *,
    actor: Actor,
    answers: Mapping[Any, Any] | None = None,
    now: datetime | None = None,
) -> EndUser:
    """Give the end user with this address (letter case does not matter), made with `name` when there is none.

    A user who is found stays as he is: name and answers are for a new one. Raises ValidationFailed for an address that
    is none, PermissionRefused when a user would have to be made.
    """
    known = user_of_address(address)
    if known is not None:
        return known
    with transaction.atomic():
        return _user_of(address, name, actor=actor, organization=None, answers=answers, now=now)[0]


@transaction.atomic
def change_end_user(
    user: EndUser,
    *,
    actor: Actor,
    name: str | None = None,
    address: str | None = None,
    answers: Mapping[Any, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """Change the name, the address that mail goes to and the answers of the contact form; what is not given stays.

    Users change themselves except for the address: mail from it is theirs, so nobody takes one by saying so. Raises
    PermissionRefused; ValidationFailed for an address that somebody else has.
    """
    check_may_change_user(actor, user)
    if address is not None:
        check_agent_permission(actor, AgentPermission.USER_EDIT)
    moment = now or timezone.now()
    with _changing(user, actor, now=moment):
        if name is not None and name != user.name:
            user.name = checked_text(entered_name(name), field="name", longest=NAME_LENGTH)
        if address is not None:
            _correct_address(user, address)
        if answers:
            save_contact_form(user, answers, actor=actor, now=moment)


@transaction.atomic
def add_address(user: EndUser, address: str, *, actor: Actor) -> UserEmail:
    """Give a user a further address, by which mail finds him.

    Raises PermissionRefused, also for the user himself; ValidationFailed for an address that somebody has.
    """
    check_agent_permission(actor, AgentPermission.USER_EDIT)
    with _changing(user, actor):
        email, is_new = _email_of(user, checked_address(address))
        if not is_new or email.pk == user.default_email_id:
            raise _address_taken()
    return email


@transaction.atomic
def set_default_address(user: EndUser, address: str, *, actor: Actor) -> None:
    """Write to a user at this one of his addresses from now on. Raises ValidationFailed for one that is not his."""
    check_agent_permission(actor, AgentPermission.USER_EDIT)
    with _changing(user, actor):
        user.default_email = _own_address(user, address)


@transaction.atomic
def remove_address(user: EndUser, address: str, *, actor: Actor) -> None:
    """Take an address from a user. Raises Conflict for the one that he is written to."""
    check_agent_permission(actor, AgentPermission.USER_EDIT)
    with _changing(user, actor):
        email = _own_address(user, address)
        if email.pk == user.default_email_id:
            raise Conflict(_("Mail goes to this address: choose another one for it first."), code="address_in_use")
        email.delete()


@transaction.atomic
def set_organization(user: EndUser, organization: Organization | None, *, actor: Actor) -> None:
    """Make a user a member of an organization, or of none; visibility follows at once (osticket/tickets.md §15.7).

    He is a primary contact only of the organization that made him one: moving ends it, which osTicket forgets and so
    shows him the tickets of his new organization. Raises PermissionRefused; NotFound for an organization that is gone.
    """
    check_agent_permission(actor, AgentPermission.USER_EDIT)
    with _changing(user, actor):
        if organization is not None and not Organization.objects.filter(pk=organization.pk).exists():
            raise NotFound(_("This organization no longer exists."), code="organization_unknown")
        if user.org_id != (organization.pk if organization else None):
            user.org = organization  # type: ignore[assignment]  # 0 for none
            user.status = without_contact(user.status)


@transaction.atomic
def set_primary_contact(user: EndUser, is_contact: bool, *, actor: Actor) -> None:
    """Make a member a primary contact of his organization, or take that from him.

    Raises PermissionRefused; Conflict for somebody without an organization.
    """
    check_agent_permission(actor, AgentPermission.USER_EDIT)
    with _changing(user, actor):
        if is_contact and user.org_id is None:
            raise Conflict(_("Choose an organization for this user first."), code="user_without_organization")
        bits = int(without_contact(user.status))
        user.status = UserFlag(bits | (int(UserFlag.PRIMARY_CONTACT) if is_contact else 0))


def delete_end_user(user: EndUser, *, actor: Actor, with_tickets: bool = False) -> None:
    """Delete a user with addresses, account, contact form and collaborations; what he wrote elsewhere keeps his name.

    `with_tickets` deletes his tickets first, each in a transaction of its own: whether the actor may delete all of them
    is asked before. Raises PermissionRefused; Conflict for a user with tickets (osticket/tickets.md §15.7), NotFound.
    """
    check_agent_permission(actor, AgentPermission.USER_DELETE)
    if with_tickets:
        for kept in belongings():
            kept.check_deletion(user, actor)
        for kept in belongings():
            kept.delete(user, actor)
    with transaction.atomic():
        user = _locked(user)
        if any(kept.count(user) for kept in belongings()):
            message = _("This user still has tickets: delete them, too, or give them to somebody else first.")
            raise Conflict(message, code="user_has_tickets")
        before = user_values(user)
        user_deleted.send(EndUser, user=user)
        release_user(user)
        QuickNote.objects.filter(ext_id=note_owner(user)).delete()
        UserAccount.objects.filter(user=user).delete()
        UserEmail.objects.filter(user=user).delete()
        record_user(actor, Action.DELETED, user, before, {})
        user.delete()


@contextmanager
def _changing(user: EndUser, actor: Actor, *, now: datetime | None = None) -> Iterator[None]:
    """Lock the user, let the block change the object, save what differs and note it in the trail."""
    _refresh(user)
    before = user_values(user)
    yield
    after = user_values(user)
    columns = [name for name in ("name", "default_email", "org", "status") if before[name] != after[name]]
    user.updated = now or timezone.now()
    user.save(update_fields=[*columns, "updated"])
    if actor.user is None:
        record_user(actor, Action.CHANGED, user, before, after)
    user_saved.send(EndUser, user=user)


def _refresh(user: EndUser) -> None:
    found = _locked(user)
    for name in ("name", "default_email_id", "org_id", "status"):
        setattr(user, name, getattr(found, name))


def _locked(user: EndUser) -> EndUser:
    found = EndUser.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise NotFound(_("This user no longer exists."), code="user_unknown")
    return found


def _correct_address(user: EndUser, address: str) -> None:
    """Write another address into the row that mail goes to; one that is his already takes its place."""
    current = user.default_email
    if current is not None and address.strip() == current.address:
        return
    address = checked_address(address)
    taken = UserEmail.objects.select_related("user").filter(address=address).first()
    if taken is not None and taken.user_id == user.pk:
        if current is not None and taken.pk == current.pk:
            UserEmail.objects.filter(pk=current.pk).update(address=address)
            taken.address = address
        user.default_email = taken
    elif taken is not None and taken.user is not None:
        raise _address_taken()
    elif current is not None and current.user_id == user.pk and taken is None:
        UserEmail.objects.filter(pk=current.pk).update(address=address)
        current.address = address
    else:
        user.default_email = _email_of(user, address)[0]


def _user_of(
    address: str,
    name: str,
    *,
    actor: Actor,
    organization: Organization | None,
    answers: Mapping[Any, Any] | None,
    now: datetime | None,
) -> tuple[EndUser, bool]:
    """Make the user first and the address second; the unique address decides when two do so at the same time."""
    check_agent_permission(actor, AgentPermission.USER_CREATE)
    address, moment = checked_address(address), now or timezone.now()
    name = entered_name(name) or address.partition("@")[0]
    user = EndUser.objects.create(
        name=checked_text(name, field="name", longest=NAME_LENGTH),
        org=organization or organization_of_address(address),
        created=moment,
        updated=moment,
    )
    email, is_new = _email_of(user, address)
    if not is_new:
        user.delete()
        return email.user, False
    user.default_email = email
    user.save(update_fields=["default_email"])
    save_contact_form(user, answers or {}, actor=actor, now=moment)
    return user, True


def _email_of(user: EndUser, address: str) -> tuple[UserEmail, bool]:
    """Give the row of the address, and whether it is this user's new one.

    Without a savepoint, which an insert that fails would need: what is there already is left alone.
    """
    UserEmail.objects.bulk_create([UserEmail(user=user, address=address)], ignore_conflicts=True)
    email = UserEmail.objects.select_related("user").get(address=address)
    if email.user is None:  # its user is gone without it
        UserEmail.objects.filter(pk=email.pk).update(user=user)
        email.user = user
    return email, email.user_id == user.pk


def _own_address(user: EndUser, address: str) -> UserEmail:
    email = user.emails.filter(address=address.strip()).first()
    if email is None:
        raise ValidationFailed(_("This is none of the user's addresses"), code="address_unknown", field="email")
    return email


def _address_taken() -> ValidationFailed:
    return ValidationFailed(_("Email address is already in use"), code="address_taken", field="email")
