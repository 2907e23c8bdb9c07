"""Organizations: made, changed, deleted; what they share and who looks after them (osticket/routing.md §4)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, values_of
from helpdesk.configuration.models import QuickNote
from helpdesk.legacy.errors import NotFound, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.contact_form import save_organization_form
from helpdesk.people.models import Agent, EndUser, Organization, Team
from helpdesk.people.names import entered_name
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission
from helpdesk.people.removal import release_organization
from helpdesk.people.selectors import note_owner
from helpdesk.people.signals import organization_deleted, organization_saved
from helpdesk.people.trail import record_organization
from helpdesk.people.validation import checked_text, is_address

NAME_LENGTH = 128
DOMAIN_LENGTH = 256
SHARING = OrganizationFlag.SHARE_PRIMARY_CONTACTS | OrganizationFlag.SHARE_EVERYBODY


@dataclass(frozen=True, kw_only=True)
class OrganizationDraft:
    """Everything that is said about an organization; None leaves a part as it is.

    `domain` lists mail domains, separated by commas. `manager` is `s<agent id>`, `t<team id>` or '' for nobody, as
    stored. `contacts` are the ids of the members who are primary contacts. `answers` are those of the form.
    """

    name: str | None = None
    domain: str | None = None
    manager: str | None = None
    flags: OrganizationFlag | None = None
    contacts: Collection[int] | None = None
    answers: Mapping[Any, Any] = field(default_factory=dict)


def create_organization(name: str, *, actor: Actor, domain: str = "") -> Organization:
    """Create an organization; `domain` lists mail domains, separated by commas.

    Raises PermissionRefused, ValidationFailed.
    """
    return store_organization(OrganizationDraft(name=name, domain=domain), actor=actor)


@transaction.atomic
def store_organization(
    draft: OrganizationDraft,
    *,
    actor: Actor,
    organization: Organization | None = None,
    now: datetime | None = None,
) -> Organization:
    """Create an organization from a draft, or change the given one into it, and give it.

    Bits without a name are kept, and so are a manager who no longer exists and domains that another organization lists
    before, as long as the draft names them as they were. Raises PermissionRefused, ValidationFailed; NotFound when it
    has been deleted meanwhile.
    """
    is_new = organization is None
    check_agent_permission(actor, AgentPermission.ORG_CREATE if is_new else AgentPermission.ORG_EDIT)
    moment = now or timezone.now()
    organization = Organization(created=moment) if organization is None else _locked(organization)
    before = {} if is_new else values_of(organization)
    _take(organization, draft, is_new=is_new)
    after = values_of(organization)
    if is_new or before != after or draft.answers:
        organization.updated = moment
        organization.save()
    if draft.contacts is not None:
        _set_contacts(organization, draft.contacts, now=moment)
    if is_new or draft.answers:
        save_organization_form(organization, draft.answers, actor=actor, now=moment)
    record_organization(actor, Action.CREATED if is_new else Action.CHANGED, organization, before, after)
    organization_saved.send(Organization, organization=organization)
    return organization


@transaction.atomic
def delete_organization(organization: Organization, *, actor: Actor, now: datetime | None = None) -> int:
    """Delete an organization and give how many members it leaves behind: they stay, and see their own tickets only.

    Raises PermissionRefused, NotFound (osticket/tickets.md §15.7).
    """
    check_agent_permission(actor, AgentPermission.ORG_DELETE)
    organization = _locked(organization)
    organization_deleted.send(Organization, organization=organization)
    release_organization(organization)
    contacts = EndUser.objects.filter(org=organization, status__has=UserFlag.PRIMARY_CONTACT)
    for contact in contacts.select_for_update().order_by("pk"):
        EndUser.objects.filter(pk=contact.pk).update(status=without_contact(contact.status))
    members = EndUser.objects.filter(org=organization).update(org=None, updated=now or timezone.now())
    QuickNote.objects.filter(ext_id=note_owner(organization)).delete()
    record_organization(actor, Action.DELETED, organization, values_of(organization), {})
    organization.delete()
    return members


def without_contact(status: int) -> UserFlag:
    """Give a user's status bits without the one for primary contacts."""
    return UserFlag(status & ~int(UserFlag.PRIMARY_CONTACT))


def checked_domains(text: str) -> str:
    """Give a list of mail domains as it is stored: lower case, each once, joined by `, `.

    Raises ValidationFailed for what is no domain.
    """
    domains = list(dict.fromkeys(part.strip().lower() for part in re.split(r"[,;\s]+", text) if part.strip()))
    for domain in domains:
        if not is_address(f"somebody@{domain}"):
            message = _("“%(domain)s” is no mail domain like example.com") % {"domain": domain}
            raise ValidationFailed(message, code="domain_invalid", field="domain")
    return checked_text(", ".join(domains), field="domain", longest=DOMAIN_LENGTH, required=False)


def _take(organization: Organization, draft: OrganizationDraft, *, is_new: bool) -> None:
    if is_new or (draft.name is not None and draft.name != organization.name):
        organization.name = _free_name(draft.name or "", but=organization)
    if draft.domain is not None and draft.domain.strip() != organization.domain.strip():
        domain = checked_domains(draft.domain)
        _check_domains_free(organization, domain)
        organization.domain = domain
    if draft.manager is not None and draft.manager != organization.manager:
        organization.manager = _checked_manager(draft.manager)
    if draft.flags is not None:
        unknown = int(organization.status) & ~sum(OrganizationFlag)
        organization.status = OrganizationFlag(int(draft.flags) | unknown)


def _free_name(name: str, *, but: Organization) -> str:
    """Unique without regard to case, by application logic as in osTicket: the column has no index of that kind."""
    name = checked_text(entered_name(name), field="name", longest=NAME_LENGTH)
    if Organization.objects.filter(name__folded=name).exclude(pk=but.pk).exists():
        raise ValidationFailed(_("Organization with the same name already exists"), code="org_exists", field="name")
    return name


def _check_domains_free(organization: Organization, domain: str) -> None:
    """Refuse a domain that another organization lists: only the first one in table order would ever get its users."""
    known = set(_split(organization.domain))
    for entry in [entry for entry in _split(domain) if entry not in known]:
        others = Organization.objects.filter(domain__icontains=entry).exclude(pk=organization.pk)
        for other in others.order_by("pk"):
            if entry in _split(other.domain):
                message = _("%(domain)s belongs to %(organization)s already") % {
                    "domain": entry,
                    "organization": other.name,
                }
                raise ValidationFailed(message, code="domain_taken", field="domain")


def _split(domain: str) -> list[str]:
    return [entry.strip().lower() for entry in domain.split(",") if entry.strip()]


def _checked_manager(stored: str) -> str:
    """Give the account manager as the column has it; raise ValidationFailed for one that does not exist."""
    if not stored:
        return ""
    match = re.fullmatch(r"(?P<kind>[st])(?P<id>[1-9]\d{0,9})", stored)
    rows: Any = None
    if match is not None:
        rows = Agent.objects.filter(pk=match["id"]) if match["kind"] == "s" else Team.objects.filter(pk=match["id"])
    if rows is None or not rows.exists():
        message = _("This agent or team no longer exists.")
        raise ValidationFailed(message, code="manager_unknown", field="manager")
    return stored


def _set_contacts(organization: Organization, wanted: Collection[int], *, now: datetime) -> None:
    members = {user.pk: user for user in EndUser.objects.select_for_update().filter(org=organization).order_by("pk")}
    if not members.keys() >= set(wanted):
        message = _("Primary contacts must be members of the organization.")
        raise ValidationFailed(message, code="contact_no_member", field="contacts")
    for pk, user in members.items():
        if (pk in set(wanted)) != bool(UserFlag.PRIMARY_CONTACT & user.status):
            user.status = UserFlag(int(user.status) ^ int(UserFlag.PRIMARY_CONTACT))
            user.updated = now
            user.save(update_fields=["status", "updated"])


def _locked(organization: Organization) -> Organization:
    found = Organization.objects.select_for_update().filter(pk=organization.pk).first()
    if found is None:
        raise NotFound(_("This organization no longer exists."), code="organization_unknown")
    return found
