"""The pages of settings, one per subject: forms made from what `configuration.subjects` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk import configuration
from helpdesk.accounts.second_factor import second_factor_of
from helpdesk.administration import choices
from helpdesk.administration.model_admin import actor_of
from helpdesk.administration.site import site
from helpdesk.administration.theme import dress
from helpdesk.audit.meanwhile import SEEN, changed_meanwhile, mark_of
from helpdesk.configuration.catalogue import Kind, Setting, Subject
from helpdesk.configuration.services import change_settings
from helpdesk.configuration.subjects import SUBJECTS
from helpdesk.knowledge.constants import PageType
from helpdesk.legacy.errors import DomainError, ValidationFailed
from helpdesk.people.actor import Actor
from tickets.models import HelpTopic, Queue, Sequence, TicketPriority, TicketStatus

Offered = Callable[..., choices.Choices]


def _rows(model: Any, order: str) -> Offered:
    def offered(*, none: str | None, current: int | None) -> choices.Choices:
        return choices.rows(model, none=none, current=current, order=order)

    return offered


def _pages(kind: PageType) -> Offered:
    def offered(*, none: str | None, current: int | None) -> choices.Choices:
        return choices.pages(kind, none=none, current=current)

    return offered


REFERENCES: dict[str, Offered] = {
    "address": choices.addresses,
    "department": choices.departments,
    "landing page": _pages(PageType.LANDING),
    "offline page": _pages(PageType.OFFLINE),
    "priority": _rows(TicketPriority, "priority_urgency"),
    "queue": _rows(Queue, "title"),
    "schedule": choices.schedules,
    "sequence": _rows(Sequence, "name"),
    "sla": choices.sla_plans,
    "smtp account": choices.smtp_accounts,
    "status": _rows(TicketStatus, "sort"),
    "template set": choices.template_sets,
    "thank-you page": _pages(PageType.THANK_YOU),
    "topic": _rows(HelpTopic, "topic"),
}
"""What a setting may point to."""


class SettingsForm(forms.Form):
    """The settings of one subject."""

    def __init__(self, subject: Subject, data: Any = None) -> None:
        """Make a field for each setting and fill it with what holds now."""
        super().__init__(data)
        self.subject = subject
        self.seen = str((data or {}).get(SEEN, ""))
        present = configuration.current()
        for setting in subject.settings:
            value = setting.meaning(present.get(setting.key))
            field = _field(setting, value)
            dress(field)
            self.fields[setting.key] = field
            self.initial[setting.key] = value

    def groups(self) -> list[tuple[Any, list[Any]]]:
        """Give the fields under their headings."""
        return [(group.title, [self[setting.key] for setting in group.settings]) for group in self.subject.groups]

    @property
    def mark(self) -> str:
        """Give the mark of what the page showed when it was sent; of what there is once the refusal is shown."""
        return self.seen or mark_of(self.initial)

    def save(self, actor: Actor) -> int:
        """Change what was changed; gives how many settings that were. Raises DomainError."""
        values = self.cleaned_data
        now = mark_of(self.initial)
        if self.seen and self.seen != now:
            self.seen = now
            raise changed_meanwhile()
        if values.get("require_agent_2fa") and not self.initial["require_agent_2fa"]:
            _check_has_second_step(actor)
        return len(change_settings(values, actor))


def _check_has_second_step(actor: Actor) -> None:
    if actor.agent is not None and second_factor_of(actor.agent.pk) is None:
        message = _("You have set up no second step yourself: you could not sign in again.")
        raise ValidationFailed(message, code="shut_out", field="require_agent_2fa")


def _field(setting: Setting, value: Any) -> forms.Field:
    texts = {"label": setting.label, "help_text": setting.help_text, "required": False}
    if setting.kind is Kind.SWITCH:
        return forms.BooleanField(**texts)
    if setting.kind is Kind.NUMBER:
        widget = forms.NumberInput(attrs={"min": setting.smallest, "max": setting.largest})
        return forms.IntegerField(widget=widget, **{**texts, "required": True})
    if setting.kind is Kind.REFERENCE:
        none = None if setting.none is None else str(setting.none)
        offered = REFERENCES[setting.references](none=none, current=value or None)
        if none is None and not value:
            offered = [("0", str(_("— choose —"))), *offered]
        return forms.TypedChoiceField(choices=offered, coerce=int, **texts)
    if setting.kind is Kind.CHOICE:
        known = list(setting.choices)
        if value not in {choice for choice, _label in known}:
            known.append((str(value), str(value)))
        return forms.ChoiceField(choices=known, **texts)
    return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}) if setting.longest > 1000 else None, **texts)


@require_safe
def settings_index(request: HttpRequest) -> HttpResponse:
    """Begin with the first subject."""
    return HttpResponseRedirect(reverse("admin:settings", args=[SUBJECTS[0].name]))


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show and take the settings of a subject."""
    subject = next((subject for subject in SUBJECTS if subject.name == name), None)
    if subject is None:
        raise Http404
    form = SettingsForm(subject, request.POST or None)
    if form.is_valid() and _saved(request, form):
        return HttpResponseRedirect(request.path)
    context = site.page_context(
        request,
        title=_("Settings: %(subject)s") % {"subject": subject.title},
        form=form,
        subjects=[(entry, reverse("admin:settings", args=[entry.name])) for entry in SUBJECTS],
        subject=subject,
        related=_related(subject),
    )
    return TemplateResponse(request, "administration/settings.html", context)


def _related(subject: Subject) -> tuple[Any, str] | None:
    """Give what is looked for here and stands on another page, with its address."""
    if subject.related is None:
        return None
    name, text = subject.related
    return text, reverse("admin:settings", args=[name])


def _saved(request: HttpRequest, form: SettingsForm) -> bool:
    try:
        count = form.save(actor_of(request))
    except DomainError as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return False
    if count:
        messages.success(request, _("Saved. Changed settings: %(count)d") % {"count": count})
    else:
        messages.info(request, _("Nothing was changed."))
    return True


site.add_page("settings/", settings_index, name="settings_index")
site.add_page("settings/<slug:name>/", settings_page, name="settings")
