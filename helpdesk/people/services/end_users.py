"""End users: found by address, made when they first write (osticket/routing.md §4, organizations by mail domain)."""

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization, UserEmail
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission
from helpdesk.people.selectors import organization_of_address
from helpdesk.people.validation import checked_address, checked_text


@transaction.atomic
def create_end_user(address: str, name: str = "", *, actor: Actor, organization: Organization | None = None) -> EndUser:
    """Create an end user; without a name the part of the address before the @ serves as one.

    Without an `organization` the one whose mail domains name the address' domain is taken. Raises PermissionRefused,
    ValidationFailed for an address that is none or belongs to somebody.
    """
    user, is_new = _user_of(address, name, actor=actor, organization=organization)
    if not is_new:
        raise ValidationFailed(_("Email address is already in use"), code="address_taken", field="email")
    return user


def find_or_create_user(address: str, name: str = "", *, actor: Actor) -> EndUser:
    """Give the end user with this address (letter case does not matter), made with `name` when there is none.

    Raises ValidationFailed for an address that is none, PermissionRefused when a user would have to be made.
    """
    known = UserEmail.objects.filter(address=address.strip()).select_related("user").first()
    if known is not None and known.user is not None:
        return known.user
    return _user_of(address, name, actor=actor, organization=None)[0]


@transaction.atomic
def create_organization(name: str, *, actor: Actor, domain: str = "") -> Organization:
    """Create an organization; `domain` lists mail domains, separated by commas. Raises PermissionRefused."""
    check_agent_permission(actor, AgentPermission.ORG_CREATE)
    name = checked_text(name, field="name", longest=128)
    if Organization.objects.filter(name__iexact=name).exists():
        raise ValidationFailed(_("Organization with the same name already exists"), code="org_exists", field="name")
    domain = checked_text(domain, field="domain", longest=256, required=False)
    return Organization.objects.create(name=name, domain=domain, updated=now())


@transaction.atomic
def _user_of(address: str, name: str, *, actor: Actor, organization: Organization | None) -> tuple[EndUser, bool]:
    """Make the user first and the address second; the unique address decides when two do so at the same time."""
    check_agent_permission(actor, AgentPermission.USER_CREATE)
    address = checked_address(address)
    name = checked_text(name or address.partition("@")[0], field="name", longest=128)
    user = EndUser.objects.create(name=name, org=organization or organization_of_address(address))
    email, is_new = UserEmail.objects.get_or_create(address=address, defaults={"user": user})
    if not is_new:
        user.delete()
        return email.user, False
    user.default_email = email
    user.save(update_fields=["default_email"])
    return user, True
