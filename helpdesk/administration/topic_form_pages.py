"""`/admin/topic-forms/`: which forms a help topic asks for, and which fields it leaves out (osticket/forms.md §7).

Every button of a topic's page saves all of it: the order of the forms, the ticked fields, and what the button says.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.forms.constants import FormFlag
from helpdesk.forms.form_services import CUSTOM
from helpdesk.forms.models import Form
from helpdesk.forms.selectors import disabled_field_ids, fields_of
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in, ids_in
from tickets.models import HelpTopic, HelpTopicForm
from tickets.services.topic_forms import TopicFormChoice, set_topic_forms


@require_safe
def topic_list(request: AgentRequest) -> HttpResponse:
    """Show all help topics with their forms."""
    rows = HelpTopicForm.objects.select_related("form").order_by("sort", "id")
    titles: dict[int, list[str]] = {}
    for row in rows:
        if row.form is not None and row.topic_id:
            titles.setdefault(row.topic_id, []).append(row.form.title)
    topics = [(topic, titles.get(topic.pk, [])) for topic in HelpTopic.objects.order_by("topic")]
    context = site.page_context(request, title=_("Forms of help topics"), topics=topics)
    return TemplateResponse(request, "administration/forms/topics.html", context)


def topic_page(request: AgentRequest, topic_id: int) -> HttpResponse:
    """Show and change the forms of a topic."""
    topic = get_object_or_404(HelpTopic, pk=topic_id)
    guard = Guard(request.POST, topic, _forms_of)
    if request.method == "POST":
        action = request.POST.get("action", "save")
        verb, _dash, argument = action.partition("-")
        try:
            with guard.saving():
                set_topic_forms(topic, _chosen(request, verb, id_in(argument) or 0), actor=request.actor)
        except DomainError as error:
            messages.error(request, str(error.message))
        else:
            messages.success(request, _("The forms of this topic have been saved."))
        moved = f"?moved={verb}-{argument}" if verb in {"up", "down"} and id_in(argument) else ""
        return HttpResponseRedirect(f"{reverse('admin:topic_form', args=[topic.pk])}{moved}")
    rows = HelpTopicForm.objects.filter(topic=topic).select_related("form").order_by("sort", "id")
    parts: list[dict[str, Any]] = [
        {"form": row.form, "fields": fields_of(row.form), "disabled": disabled_field_ids(row.extra)}
        for row in rows
        if row.form is not None
    ]
    used = [part["form"].pk for part in parts]
    others = Form.objects.filter(type=CUSTOM).exclude(flags__has=FormFlag.DELETED).exclude(pk__in=used)
    context = site.page_context(
        request,
        title=_("Forms of “%(topic)s”") % {"topic": topic.topic},
        topic=topic,
        parts=parts,
        others=others.order_by("title"),
        guard=guard,
        moved=request.GET.get("moved", ""),
    )
    return TemplateResponse(request, "administration/forms/topic.html", context)


def _forms_of(topic: HelpTopic) -> list[Any]:
    return list(HelpTopicForm.objects.filter(topic=topic).order_by("sort", "id").values_list("form_id", "extra"))


def _chosen(request: AgentRequest, verb: str, subject: int) -> list[TopicFormChoice]:
    """Read the order of the forms and the ticked fields, and apply the button."""
    order = ids_in(request.POST.getlist("order"))
    if verb == "remove":
        order = [each for each in order if each != subject]
    elif verb in {"up", "down"} and subject in order:
        at = order.index(subject)
        other = at - 1 if verb == "up" else at + 1
        if 0 <= other < len(order):
            order[at], order[other] = order[other], order[at]
    ticked = set(ids_in(request.POST.getlist("fields")))
    asked = set(order)
    if verb == "add":
        order += ids_in([request.POST.get("form", "")])
    found = {form.pk: form for form in Form.objects.filter(pk__in=order)}
    return [
        TopicFormChoice(form, [each.pk for each in fields_of(form) if form.pk in asked and each.pk not in ticked])
        for form in (found[each] for each in dict.fromkeys(order) if each in found)
    ]


site.add_page("topic-forms/", topic_list, name="topic_forms")
site.add_page("topic-forms/<int:topic_id>/", topic_page, name="topic_form")
