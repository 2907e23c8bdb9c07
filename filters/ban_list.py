"""The ban list: rules of the filter `SYSTEM BAN LIST`, looked up for every origin before any filter (filters.md §7).

As an ordinary filter it acts on mails once more, with its operators; here an address is banned or it is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from filters.matching import BAN_LIST_NAME
from filters.models import FilterAction, FilterRule, TicketFilter
from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.configuration.kept import Kept
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission, has_agent_permission, is_administrator
from helpdesk.people.validation import checked_address

NAME = BAN_LIST_NAME
REFUSAL = _("This help desk is for use by authorized users only")
MOST_IN_MEMORY = 1000
"""Addresses of the list up to which it is kept in memory."""
MOST_IMPORTED = 5000


def is_banned(address: str) -> bool:
    """Whether tickets of this address are refused (letter case does not matter).

    An address that is surely not on the list costs no query, as the list is kept in memory for a second; any other
    costs one query on one table, and a second one when some rule names it.
    """
    if _is_surely_welcome(_tidy(address)):
        return False
    named = list(_rules_of(address).filter(isactive=True).values_list("filter_id", flat=True))
    return bool(named) and TicketFilter.objects.filter(pk__in=named, isactive=True, name__folded=NAME).exists()


def refuse_banned(address: str, *, ip_address: str = "") -> None:
    """Raise PermissionRefused (`denied`) for a banned address, with a line of the system log.

    To be called before the transaction of what is refused: the line must stay.
    """
    if is_banned(address):
        raise refusal_of(address, NAME, ip_address=ip_address)


def refusal_of(address: str, filter_name: str, *, ip_address: str = "") -> PermissionRefused:
    """Give the refusal (`denied`) of a sender whom a filter rejects, and write the line of the system log."""
    text = f'Ticket rejected ({address}) by filter "{filter_name}"'
    log_system(LogLevel.WARNING, "Ticket denied", text, ip_address)
    return PermissionRefused(REFUSAL, code="denied", field="email")


@transaction.atomic
def ban(address: str, *, actor: Actor, notes: str = "") -> FilterRule:
    """Put an address on the list, which is made when it is missing. Raises PermissionRefused, ValidationFailed."""
    _check_may_change(actor)
    address = checked_address(address)
    ban_list = _ban_list()
    if _rules_of(address).filter(filter=ban_list, how="equal").exists():
        raise ValidationFailed(_("Email already in the ban list"), code="address_banned", field="email")
    rule = FilterRule.objects.create(filter=ban_list, what="email", how="equal", val=address, notes=notes)
    _record(actor, Action.CREATED, address)
    return rule


@transaction.atomic
def unban(address: str, *, actor: Actor) -> None:
    """Take an address off the list. Raises PermissionRefused, ValidationFailed for one that is not on it."""
    _check_may_change(actor)
    removed, _rows = _rules_of(address).filter(filter__name__folded=NAME).delete()
    if not removed:
        raise ValidationFailed(_("Email is not in the ban list"), code="address_not_banned", field="email")
    _record(actor, Action.DELETED, address)


@transaction.atomic
def unban_rule(rule: FilterRule, *, actor: Actor) -> None:
    """Take one rule off the list, whatever its operator. Raises PermissionRefused."""
    _check_may_change(actor)
    rule.delete()
    _record(actor, Action.DELETED, rule.val)


@dataclass(frozen=True)
class Imported:
    """What came of many addresses: how many were added and known before, and those that are none."""

    added: int
    known: int
    unusable: Sequence[str]


@transaction.atomic
def ban_many(text: str, *, actor: Actor) -> Imported:
    """Put all addresses of a text on the list: one to a line, or with commas or semicolons between them.

    Lines that hold no address are given back; the others count. Raises PermissionRefused, ValidationFailed for more
    than `MOST_IMPORTED`.
    """
    _check_may_change(actor)
    words = [word.strip(" \t\"'<>") for word in re.split(r"[\r\n,;]+", text)]
    words = [word for word in dict.fromkeys(words) if word]
    if len(words) > MOST_IMPORTED:
        message = _("At most %(count)d addresses at a time.") % {"count": MOST_IMPORTED}
        raise ValidationFailed(message, code="too_many", field="addresses")
    ban_list = _ban_list()
    listed = FilterRule.objects.filter(filter=ban_list, what="email", how="equal")
    known = {str(one).lower() for one in listed.values_list("val", flat=True)}
    new, unusable, repeated = {}, [], 0
    for word in words:
        try:
            address = checked_address(word)
        except ValidationFailed:
            unusable.append(word)
            continue
        if address.lower() in known or address.lower() in new:
            repeated += 1
        else:
            new[address.lower()] = address
    FilterRule.objects.bulk_create(
        FilterRule(filter=ban_list, what="email", how="equal", val=address) for address in new.values()
    )
    if new:
        ban_list.updated = timezone.now()
        ban_list.save(update_fields=["updated"])  # tells every process that the list is another one
        _record(actor, Action.CREATED, ", ".join(new.values()))
    return Imported(len(new), repeated, unusable)


def banned_rules(search: str = "") -> QuerySet[FilterRule]:
    """Give the rules of the list by address, those whose address or note holds a text."""
    rules = FilterRule.objects.filter(filter__name__folded=NAME, what="email").order_by("val", "id")
    return rules.filter(Q(val__folded_contains=search) | Q(notes__folded_contains=search)) if search else rules


def may_change(actor: Actor) -> bool:
    """Whether the actor may change the list: administrators, and agents with the permission `emails.banlist`."""
    return is_administrator(actor) or has_agent_permission(actor, AgentPermission.EMAILS_BANLIST)


def _check_may_change(actor: Actor) -> None:
    if not may_change(actor):
        check_agent_permission(actor, AgentPermission.EMAILS_BANLIST)


def _record(actor: Actor, action: Action, address: str) -> None:
    changes = difference({}, {"address": address}) if action is Action.CREATED else difference({"address": address}, {})
    record_change(actor, action, ObjectType.BAN_LIST, "", NAME, changes)


def _rules_of(address: str) -> QuerySet[FilterRule]:
    return FilterRule.objects.filter(what="email", val__folded=_tidy(address))


def _tidy(address: str) -> str:
    return "".join(character for character in address if character.isprintable()).strip()


def _read_list() -> frozenset[str]:
    """Give the banned addresses in lower case; what is not plain ASCII, or more than we keep, is named by `""`."""
    rules = FilterRule.objects.filter(what="email", isactive=True, filter__isactive=True, filter__name__folded=NAME)
    addresses = list(rules.values_list("val", flat=True)[: MOST_IN_MEMORY + 1])
    if len(addresses) > MOST_IN_MEMORY:
        return frozenset({""})
    return frozenset(text.lower() if text.isascii() and text.isprintable() else "" for text in addresses)


_listed = Kept(_read_list)
_listed.forget_with(FilterRule, TicketFilter)


def _is_surely_welcome(address: str) -> bool:
    """Whether the database need not be asked: it alone knows which other characters it takes for equal."""
    listed = _listed()
    return address.isascii() and "" not in listed and address.lower() not in listed


def ban_list_filter() -> TicketFilter | None:
    """Give the filter that is the list, None while there is none."""
    return TicketFilter.objects.filter(name__folded=NAME).order_by("pk").first()


def _ban_list() -> TicketFilter:
    """Give the filter, as osTicket makes it when it is missing (filters.md §7)."""
    found = ban_list_filter()
    if found is not None:
        return found
    now = timezone.now()
    made = TicketFilter.objects.create(name=NAME, target="Email", execorder=99, created=now, updated=now)
    FilterAction.objects.create(filter=made, sort=1, type="reject", configuration=[], updated=now)
    return made
