"""`/admin/try-filters/`: what filters would make of a mail, a ticket or a few words, and why. Nothing is changed."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from filters.fields import label_of, rule_fields
from filters.matching import TARGETS_OF_ORIGINS
from filters.problems import in_words, sentence
from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.filter_inputs import TARGETS
from helpdesk.administration.filter_pages import action_in_words, rule_in_words, target_in_words
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.site import site
from helpdesk.configuration.selectors import current
from helpdesk.legacy.errors import DomainError, NotFound, ValidationFailed
from helpdesk.mail.incoming import Mailbox
from helpdesk.threads.bodies import TEXT
from tickets.constants import TicketSource, TicketState
from tickets.filter_bench import Standing, Trial, TriedFilter, of_mail, of_ticket, try_out
from tickets.filter_choices import choices_of, everything_known
from tickets.intake import by_id, intake
from tickets.lookup import ticket_id_by_number
from tickets.names import address_of, full_name
from tickets.new_ticket import NewTicket, Origin
from tickets.policies import get_ticket_for_agent
from tickets.services.submission import Refusal, Unwelcome

LARGEST_MAIL = 5 * 1024 * 1024
LONGEST_VALUE = 300
MOST_RULES = 20
NOTHING = "\N{EN DASH}"
STANDINGS = {
    Standing.OFF: _("switched off"),
    Standing.OTHER_ORIGIN: _("not asked"),
    Standing.NO_MATCH: _("no match"),
    Standing.APPLIED: _("applied"),
    Standing.REJECTED: _("rejected"),
    Standing.STOPPED: _("matches, but stopped"),
}


class TicketInput(forms.Form):
    """A ticket that is there."""

    number = forms.CharField(label=_("Ticket number"), max_length=30)

    def request_of(self, request: AgentRequest) -> NewTicket:
        """Give the request that it may have come from. Raises NotFound."""
        ticket_id = ticket_id_by_number(request.access, self.cleaned_data["number"])
        return of_ticket(get_ticket_for_agent(request.access, ticket_id))


class MailInput(forms.Form):
    """A mail as it came, pasted or as a file."""

    raw = forms.CharField(
        label=_("The mail with its headers"), required=False, widget=forms.Textarea(attrs={"rows": 10}), strip=False
    )
    file = forms.FileField(label=_("or a file (.eml)"), required=False)

    def clean(self) -> dict[str, Any]:
        """One of the two."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        if upload is not None and upload.size > LARGEST_MAIL:
            self.add_error("file", str(_("The file is too large: at most 5 MB.")))
        elif upload is None and not str(cleaned.get("raw") or "").strip():
            self.add_error("raw", str(_("Paste a mail, or choose a file.")))
        return cleaned

    def request_of(self, request: AgentRequest) -> NewTicket:
        """Give the ticket that the mail asks for. Raises ValidationFailed for a text that names no sender."""
        upload = self.cleaned_data.get("file")
        new = of_mail(upload.read() if upload is not None else self.cleaned_data["raw"].encode())
        if not new.email and new.user is None:
            message = _("It names no sender. Paste the whole mail, with the lines above the text: “From: …”.")
            raise ValidationFailed(message, code="sender_missing", field="file" if upload is not None else "raw")
        return new


class WordsInput(forms.Form):
    """What somebody could write."""

    origin = forms.ChoiceField(
        label=_("Comes by"),
        choices=[
            (Origin.EMAIL, _("Email")),
            (Origin.WEB, _("Web")),
            (Origin.STAFF, _("An agent")),
            (Origin.API, _("API")),
        ],
    )
    mailbox = forms.ChoiceField(label=_("To the address"), required=False)
    email = forms.CharField(label=_("Address of the sender"), max_length=255)
    name = forms.CharField(label=_("Name of the sender"), required=False, max_length=255)
    reply_to = forms.CharField(label=_("Reply-To address"), required=False, max_length=255)
    topic = forms.ChoiceField(label=_("Help topic asked for"), required=False)
    priority = forms.ChoiceField(label=_("Priority asked for"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=255)
    message = forms.CharField(label=_("Message"), required=False, widget=forms.Textarea(attrs={"rows": 5}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer what there is."""
        super().__init__(*args, **kwargs)
        for name, nothing in (("mailbox", _("the default one")), ("topic", _("none")), ("priority", _("none"))):
            menu = cast(forms.ChoiceField, self.fields[name])
            menu.choices = [("", nothing), *choices_of(name)]

    def request_of(self, request: AgentRequest) -> NewTicket:
        """Give the ticket that was asked for."""
        given, known = self.cleaned_data, intake()
        origin = Origin(given["origin"])
        default = current().integer("default_email_id")
        mailbox = by_id(known.mailboxes, given["mailbox"] or default) if origin is Origin.EMAIL else None
        sources = {Origin.API: TicketSource.API, Origin.STAFF: TicketSource.PHONE}
        return NewTicket(
            origin=origin,
            source=sources.get(origin),
            mailbox=mailbox,
            email=given["email"].strip(),
            name=given["name"],
            topic=by_id(known.topics, given["topic"]),
            subject=given["subject"],
            message=given["message"],
            format=TEXT,
            answers={"priority": given["priority"]} if given["priority"] else {},
            answer_address=Mailbox("", given["reply_to"].strip()) if given["reply_to"].strip() else None,
        )


INPUTS: dict[str, type[TicketInput | MailInput | WordsInput]] = {
    "words": WordsInput,
    "mail": MailInput,
    "ticket": TicketInput,
}


def bench(request: AgentRequest) -> HttpResponse:
    """Show the three ways to try filters out, and what came of the one that was used."""
    way = request.POST.get("way", "")
    shown = {name: form(request.POST, request.FILES) if name == way else form() for name, form in INPUTS.items()}
    trial = None
    if way in shown and shown[way].is_valid():
        try:
            trial = try_out(shown[way].request_of(request))
        except NotFound as error:
            shown[way].add_error(None, str(error.message))
        except DomainError as error:
            add_refusal(shown[way], error)
    context = site.page_context(
        request,
        title=_("Try filters out"),
        inputs=shown,
        way=way or "words",
        result=_result(trial) if trial is not None else None,
    )
    return TemplateResponse(request, "administration/filters/bench.html", context)


def _result(trial: Trial) -> dict[str, Any]:
    known, fields = everything_known(), rule_fields()
    target = TARGETS_OF_ORIGINS[trial.new.origin]
    return {
        "rejected_by": trial.outcome.rejected_by,
        "refusal": _refusal(trial.refusal) if trial.refusal else "",
        "origin": TARGETS[target],
        "sender": f"{trial.outcome.draft.name} <{trial.outcome.draft.sender}>".strip(),
        "values": _values(trial),
        "filters": [
            {
                "name": one.ready.name,
                "standing": STANDINGS[one.standing],
                "mark": one.standing.value.replace(" ", "-"),
                "target": target_in_words(one.ready, known),
                "match_all": one.ready.row.match_all,
                "rules": [_rule(one, number, fields) for number in _shown_rules(one)],
                "hidden": len(one.rules) - len(_shown_rules(one)),
                "actions": [action_in_words(action.row, known) for action in one.ready.actions],
                "has_acted": one.standing in {Standing.APPLIED, Standing.REJECTED},
                "stops": one.ready.row.stops and one.standing is Standing.APPLIED,
                "problems": [
                    in_words(problem, one.ready.row) for problem in one.ready.problems if problem.rule is None
                ],
            }
            for one in trial.filters
        ],
        "keys": [(label_of(key, fields), value[:LONGEST_VALUE]) for key, value in sorted(trial.outcome.values.items())],
    }


def _refusal(refusal: Refusal) -> str:
    """Say why creation would refuse the sender after all filters."""
    if refusal.reason is Unwelcome.STRANGER:
        text = _("The ticket would be refused: %(address)s is not known, and mail of unknown senders is not accepted.")
        return text % {"address": refusal.address}
    return _("The ticket would be refused: %(address)s has as many open tickets as the settings allow (%(limit)d).") % {
        "address": refusal.address,
        "limit": refusal.limit,
    }


def _shown_rules(one: TriedFilter) -> list[int]:
    """Give the numbers of the rules to show: the first ones and those that are true; a ban list may be long."""
    true = [number for number, rule in enumerate(one.rules) if rule.is_true][:MOST_RULES]
    return sorted({*range(min(len(one.rules), MOST_RULES)), *true})


def _rule(one: TriedFilter, number: int, fields: Any) -> dict[str, Any]:
    tried = one.rules[number]
    problems = [sentence(problem) for problem in one.ready.problems if problem.rule == number]
    value = tried.value if len(tried.value) <= LONGEST_VALUE else f"{tried.value[:LONGEST_VALUE]}…"
    return {**rule_in_words(tried.rule.row, fields), "seen": value, "is_true": tried.is_true, "problems": problems}


def _values(trial: Trial) -> list[dict[str, Any]]:
    """Give what the ticket would be, each with the filter that decided it."""
    route, new = trial.route, trial.new
    if route is None:
        return []
    owner = f"{new.user.name} <{address_of(new.user)}>" if new.user else f"{new.name} <{new.email}>"
    shown: list[tuple[Any, str, Any]] = [
        (_("Owner"), "", owner if new.user else _("%(person)s (new)") % {"person": owner}),
        (_("Department"), "department", route.department.name if route.department else ""),
        (_("Help topic"), "topic", route.topic.topic if route.topic else ""),
        (_("Priority"), "priority", route.priority.priority_desc if route.priority else ""),
        (_("SLA plan"), "sla", route.sla.name if route.sla else ""),
        (_("Status"), "status", route.status.name),
        (_("Agent"), "agent", _assignee(trial, "agent", full_name(route.agent) if route.agent else "")),
        (_("Team"), "team", _assignee(trial, "team", route.team.name if route.team else "")),
        (_("Canned response"), "canned_response", new.canned_response.title if new.canned_response else ""),
        (_("Automatic confirmation"), "autorespond", _("allowed") if new.autorespond else _("none")),
    ]
    return [
        {"label": label, "value": value or NOTHING, "by": trial.decided_by.get(kind, "") if value else ""}
        for label, kind, value in shown
    ]


def _assignee(trial: Trial, kind: str, name: str) -> str:
    """Give who gets the ticket; say so where whoever was chosen does not get it."""
    if not name or trial.route is None:
        return ""
    if kind in trial.passed_over:
        nobody = _("nobody: %(name)s is not available") if kind == "agent" else _("none: %(name)s is switched off")
        return nobody % {"name": name}
    if trial.route.status.state == TicketState.CLOSED:
        return _("%(name)s, unless the ticket is closed at once") % {"name": name}
    return name


site.add_page("try-filters/", bench, name="filters_try")
