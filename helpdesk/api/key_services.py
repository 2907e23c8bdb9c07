"""Keys of the HTTP API: each holds for one exact address and says what its program may do (osticket/api.md §4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.client_address import normal_address
from helpdesk.api.models import ApiKey
from helpdesk.audit.services import Action, ObjectType, difference, record_change, values_of
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator

KEY_BYTES = 16
"""As many as osTicket's keys have."""
SECRETS = ("apikey",)


@dataclass(frozen=True, kw_only=True)
class KeyDraft:
    """What an administrator says about a key."""

    is_active: bool = True
    can_create_tickets: bool = True
    can_exec_cron: bool = False
    notes: str = ""


@transaction.atomic
def create_key(address: str, draft: KeyDraft, *, actor: Actor) -> ApiKey:
    """Make a key for the program at an address, and give it: 32 hexadecimal digits in capitals, by chance.

    Raises PermissionRefused; ValidationFailed for what is not one address from which a program can ask.
    """
    check_is_administrator(actor)
    key = ApiKey(ipaddr=_checked(address), apikey=secrets.token_hex(KEY_BYTES).upper())
    _take(key, draft)
    key.save()
    record_change(actor, Action.CREATED, ObjectType.API_KEY, key.pk, key.ipaddr, _changes({}, values_of(key)))
    return key


@transaction.atomic
def change_key(key: ApiKey, draft: KeyDraft, *, actor: Actor) -> ApiKey:
    """Change what a key allows, and give it; key and address stay, as in osTicket. Raises PermissionRefused."""
    check_is_administrator(actor)
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    before = values_of(key)
    _take(key, draft)
    key.updated = timezone.now()
    key.save()
    record_change(actor, Action.CHANGED, ObjectType.API_KEY, key.pk, key.ipaddr, _changes(before, values_of(key)))
    return key


@transaction.atomic
def delete_key(key: ApiKey, *, actor: Actor) -> None:
    """Delete a key: its program is refused at once. Raises PermissionRefused."""
    check_is_administrator(actor)
    key = ApiKey.objects.select_for_update().get(pk=key.pk)
    record_change(actor, Action.DELETED, ObjectType.API_KEY, key.pk, key.ipaddr, _changes(values_of(key), {}))
    key.delete()


def _take(key: ApiKey, draft: KeyDraft) -> None:
    key.isactive = draft.is_active
    key.can_create_tickets = draft.can_create_tickets
    key.can_exec_cron = draft.can_exec_cron
    key.notes = clean_text(draft.notes)


def _checked(text: str) -> str:
    """Give the address as osTicket compares it: letter by letter with that of the request."""
    address = normal_address(text)
    if not address:
        message = _("Enter one address, such as 192.0.2.7: neither a range nor a name.")
        raise ValidationFailed(message, code="address_invalid", field="ipaddr")
    if ip_address(address).is_unspecified or ip_address(address).is_multicast:
        raise ValidationFailed(_("No program asks from this address."), code="address_of_nobody", field="ipaddr")
    return address


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    return difference(before, after, secrets=SECRETS)
