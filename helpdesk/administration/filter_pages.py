"""`/admin/filters/`: ticket filters in the order in which they run, and one filter with its rules and actions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from filters.actions import Action, OptionKind, Problem, action_type, id_of
from filters.fields import RuleField, label_of, rule_fields
from filters.matching import ActionRow, ReadyFilter, RuleRow, ready
from filters.models import FilterRule, TicketFilter
from filters.operators import OPERATOR_NAMES, Operator
from filters.problems import in_words
from filters.selectors import filter_rows
from filters.services import (
    FilterInvalid,
    copy_filter,
    delete_filter,
    is_ban_list,
    order_filters,
    set_active,
    store_filter,
)
from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.filter_inputs import (
    MOST_ROWS,
    FilterInputs,
    blank,
    inputs_of,
    menus,
    origin_in_words,
    posted,
    target_key,
)
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.legacy.errors import Conflict, DomainError, NotFound
from helpdesk.legacy.ids import id_in, ids_in
from tickets.filter_choices import everything_known, topic_name
from tickets.filter_world import KnownRows

MOST_SAID = 3
"""Rules of a filter that its row in the list names."""


def filter_list(request: AgentRequest) -> HttpResponse:
    """Show all filters; every button posts an `action`."""
    if request.method == "POST":
        action, _dash, argument = request.POST.get("action", "").partition("-")
        try:
            _act(request, action, argument)
        except DomainError as error:
            messages.error(request, str(error.message))
        moved = f"?moved={action}-{argument}" if action in {"up", "down"} and id_in(argument) else ""
        return HttpResponseRedirect(f"{reverse('admin:filters')}{moved}")
    filters = {one.pk: one for one in TicketFilter.objects.all()}
    known, fields = everything_known(), rule_fields()
    rows = [_row(filters[row.id], ready(row, known), known, fields) for row in filter_rows(filters.values())]
    context = site.page_context(
        request,
        title=_("Ticket filters"),
        rows=rows,
        moved=request.GET.get("moved", ""),
        add=reverse("admin:filter_add"),
    )
    return TemplateResponse(request, "administration/filters/list.html", context)


def _act(request: AgentRequest, action: str, argument: str) -> None:
    order = list(TicketFilter.objects.order_by("execorder", "id").values_list("pk", flat=True))
    if action == "order":
        order_filters(ids_in(request.POST.getlist("order")), actor=request.actor)
    elif action in {"up", "down"} and (chosen_id := id_in(argument) or 0) in order:
        at = order.index(chosen_id)
        other = at - 1 if action == "up" else at + 1
        if 0 <= other < len(order):
            order[at], order[other] = order[other], order[at]
            order_filters(order, actor=request.actor)
    elif action in {"on", "off"}:
        chosen = get_object_or_404(TicketFilter, pk=id_in(argument))
        set_active(chosen, is_active=action == "on", actor=request.actor)


def filter_add(request: AgentRequest) -> HttpResponse:
    """Make a filter."""
    return _edit(request, None, blank())


def filter_page(request: AgentRequest, filter_id: int) -> HttpResponse:
    """Show and change a filter."""
    ticket_filter = get_object_or_404(TicketFilter, pk=filter_id)
    if is_ban_list(ticket_filter):
        return HttpResponseRedirect(reverse("agent:ban_list"))
    (row,) = filter_rows([ticket_filter])
    if len(row.rules) > MOST_ROWS:
        text = _("“%(name)s” has %(count)d rules, a page holds %(most)d: it works on, but cannot be changed here.")
        messages.error(request, text % {"name": row.name, "count": len(row.rules), "most": MOST_ROWS})
        return HttpResponseRedirect(reverse("admin:filters"))
    return _edit(request, ticket_filter, inputs_of(ticket_filter, row))


def _edit(request: AgentRequest, ticket_filter: TicketFilter | None, inputs: FilterInputs) -> HttpResponse:
    action, _dash, argument = request.POST.get("do", "").partition("-")
    guard, refused = Guard(request.POST, ticket_filter, _shown), ""
    if request.method == "POST":
        inputs = posted(request.POST, inputs)
        if action in {"copy", "delete"} and ticket_filter is not None:
            return _copy_or_delete(request, ticket_filter, action)
        if action == "save" and not inputs.errors:
            try:
                with guard.saving():
                    saved = store_filter(
                        inputs.draft(), world=everything_known(), actor=request.actor, ticket_filter=ticket_filter
                    )
            except FilterInvalid as refusal:
                inputs.show(refusal)
            except (Conflict, NotFound) as refusal:
                refused = str(refusal.message)
            else:
                messages.success(request, _("The filter has been saved."))
                _mention_problems(request, saved)
                return HttpResponseRedirect(reverse("admin:filters"))
        elif action != "save":
            inputs.change_rows(action, argument)
    context = site.page_context(
        request,
        title=ticket_filter.name if ticket_filter else _("New filter"),
        filter=ticket_filter,
        inputs=inputs,
        guard=guard,
        refusal=refused,
        menus=menus(target_key(filter_rows([ticket_filter])[0]) if ticket_filter else ""),
        problems=_problems(ticket_filter) if ticket_filter and request.method != "POST" else [],
    )
    return TemplateResponse(request, "administration/filters/filter.html", context)


def _shown(ticket_filter: TicketFilter) -> list[Any]:
    return [*filter_rows([ticket_filter]), ticket_filter.isactive, ticket_filter.notes]


def _copy_or_delete(request: AgentRequest, ticket_filter: TicketFilter, action: str) -> HttpResponse:
    if action == "delete":
        delete_filter(ticket_filter, actor=request.actor)
        messages.success(request, _("The filter has been deleted."))
        return HttpResponseRedirect(reverse("admin:filters"))
    copied = copy_filter(ticket_filter, actor=request.actor)
    messages.success(request, _("This is the copy. It is switched off."))
    return HttpResponseRedirect(reverse("admin:filter", args=[copied.pk]))


def _problems(ticket_filter: TicketFilter) -> list[str]:
    (row,) = filter_rows([ticket_filter])
    return [in_words(problem, row) for problem in ready(row, everything_known()).problems]


def _mention_problems(request: AgentRequest, saved: TicketFilter) -> None:
    for text in _problems(saved):
        messages.warning(request, text)


# --- Filters in words -------------------------------------------------------------------------------------------------


def _row(ticket_filter: TicketFilter, one: ReadyFilter, known: KnownRows, fields: list[RuleField]) -> dict[str, Any]:
    """Give what the list says of a filter."""
    rules = [rule_in_words(rule.row, fields) for rule in one.rules[:MOST_SAID]]
    is_list = is_ban_list(ticket_filter)
    return {
        "filter": ticket_filter,
        "is_ban_list": is_list,
        "address": reverse("agent:ban_list") if is_list else reverse("admin:filter", args=[ticket_filter.pk]),
        "target": target_in_words(one, known),
        "rules": [] if is_list else rules,
        "more_rules": 0 if is_list else max(len(one.rules) - MOST_SAID, 0),
        "banned": FilterRule.objects.filter(filter=ticket_filter).count() if is_list else 0,
        "match_all": one.row.match_all,
        "actions": [action_in_words(action.row, known) for action in one.actions],
        "stops": one.row.stops,
        "problems": [] if is_list else [in_words(problem, one.row) for problem in one.problems],
        "is_serious": any(map(_is_serious, one.problems)),
    }


def _is_serious(problem: Problem) -> bool:
    return problem.kind.is_serious


def target_in_words(one: ReadyFilter, known: KnownRows) -> str:
    """Say for tickets of which origin a filter is."""
    mailbox_id = one.row.mailbox_id
    name = known.name("mailbox", mailbox_id) or f"({mailbox_id})" if mailbox_id else ""
    return origin_in_words(one.row.target, name)


def rule_in_words(rule: RuleRow, fields: list[RuleField]) -> dict[str, Any]:
    """Give the three parts of a rule as people read them."""
    how = OPERATOR_NAMES[Operator(rule.how)] if rule.how in set(Operator) else f"({rule.how or '?'})"
    value = topic_name(rule.val) if rule.what == "topicId" else rule.val
    return {"what": label_of(rule.what, fields), "how": how, "val": value}


def action_in_words(action: ActionRow, known: KnownRows) -> str:
    """Say what an action does, with the name of what it chooses."""
    kind = action_type(action.type)
    if kind is None:
        return action.type
    said = [text for option in kind.options() if (text := _option_in_words(kind, option.name, action, known))]
    return f"{kind.label}: {said[0]}" if said else str(kind.label)


def _option_in_words(kind: Action, name: str, action: ActionRow, known: KnownRows) -> str:
    (option,) = [one for one in kind.options() if one.name == name]
    value = action.configuration.get(name)
    if option.kind is not OptionKind.ROW:
        return str(value or "")
    pk = id_of(value)
    return known.name(option.row, pk) or (f"({pk})" if pk else "")


site.add_page("filters/", filter_list, name="filters")
site.add_page("filters/add/", filter_add, name="filter_add")
site.add_page("filters/<int:filter_id>/", filter_page, name="filter")
