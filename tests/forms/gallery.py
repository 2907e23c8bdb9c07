"""A page with every kind of field, for looking at it: `settings.ROOT_URLCONF = "tests.forms.gallery"`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.urls import handler400, urlpatterns

__all__ = ["handler400", "urlpatterns"]

PAGE = """{% extends "layouts/portal.html" %}
{% block title %}Gallery{% endblock %}
{% block content %}
<article class="panel landing"><h1>Open a ticket</h1>
{% include "forms/error_summary.html" %}
<form method="post" enctype="multipart/form-data">{% csrf_token %}
{% include "forms/form.html" %}<button class="btn btn-primary" id="send">Send</button></form>
<p id="outcome">{{ outcome }}</p></article>
{% endblock %}"""


def make_form() -> Form:
    """Make a form with a field of every kind, half of them required."""
    form = Form.objects.create(type="G", title="VPN access", instructions="Tell us who needs it, and from where.")
    devices = CustomList.objects.create(name="Device")
    for name in ("Laptop", "Phone", "Router"):
        ListItem.objects.create(list=devices, value=name)
    colours = "r:Red\ng:Green\nb:Blue"
    fields: list[tuple[str, str, dict[str, Any]]] = [
        ("text", "Cost centre", {"length": 20, "validator": "regex", "regex": "/^[A-Z]{2}-[0-9]+$/"}),
        ("memo", "What for", {}),
        ("memo", "Address", {"html": False}),
        ("break", "When and where", {}),
        ("datetime", "First day", {}),
        ("datetime", "Call me at", {"time": True, "timezone": "Europe/Riga"}),
        ("timezone", "Your time zone", {}),
        ("info", "Note", {"content": "<p>Access ends with your contract. <b>Ask again</b> after a change.</p>"}),
        ("phone", "Telephone", {}),
        ("phone", "Mobile", {"ext": False}),
        ("bool", "Rules", {"desc": "I have read the rules"}),
        ("bool", "Urgent", {}),
        ("choices", "Colour", {"choices": colours, "prompt": "Choose a colour"}),
        ("choices", "Colours", {"choices": colours, "multiselect": True}),
        ("choices", "Floors", {"choices": "\n".join(map(str, range(30))), "multiselect": True}),
        (f"list-{devices.pk}", "Device", {}),
        (f"list-{devices.pk}", "Other device", {"widget": "typeahead", "prompt": "Begin to type"}),
        ("department", "Department", {}),
        ("assignee", "Contact", {}),
        ("priority", "Urgency", {}),
        ("files", "Papers", {"extensions": ".pdf, .png"}),
        ("thread", "Message", {}),
    ]
    for sort, (type_, label, configuration) in enumerate(fields):
        FormField.objects.create(
            form=form,
            type=type_,
            label=label,
            name=f"f{sort}",
            sort=sort,
            configuration=configuration,
            flags=0x3701 if sort % 2 == 0 and type_ not in {"break", "info"} else 0x3301,
            hint="As it stands on your <i>papers</i>." if sort % 3 == 0 else None,
        )
    return form


def gallery(request: HttpRequest) -> HttpResponse:
    """Show the form, and what was sent."""
    data = request.POST if request.method == "POST" else None
    bound = BoundForm(Form.objects.filter(title="VPN access"), asked=Asked(), data=data, files=request.FILES)
    outcome = "Sent" if bound.is_valid() else ""
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": bound, "outcome": outcome}, request))


urlpatterns = [*urlpatterns, path("gallery/", gallery)]
