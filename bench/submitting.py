"""Measuring what an end user waits for: the form for a new ticket is sent, with a file."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from bs4 import BeautifulSoup

from bench.browser import Application, Browser

ADDRESS = "/tickets/new/"
BOUNDARY = "bench-submission"
FILE = b"2026-11-30 08:15 tray 2: paper jam at sensor 4\n" * 500
MESSAGE = "<p>Hello,</p><p>our printer shows the error 0x1F since this morning.</p>" + "<p>It is urgent.</p>" * 10


def measure_submitting(application: Application, runs: int, warming_up: int) -> dict[str, Any]:
    """Give the figures of one submission: the whole request of a guest who is not known yet.

    Raises RuntimeError when a form is not taken. Guests open 40 tickets an hour at most, so that is the most here.
    """
    from bench.working import figures_of

    topic_id, further = _topic_with_form()
    waiting = [_filled(application, topic_id, further, number) for number in range(runs + warming_up)]

    def send() -> None:
        browser, content = waiting.pop()
        answer = browser.request("POST", ADDRESS, content, content_type=f"multipart/form-data; boundary={BOUNDARY}")
        if answer.status != 302:
            page = BeautifulSoup(answer.body, "html.parser")
            raise RuntimeError(f"{ADDRESS} answers {answer.status}: {page.select('#open-errors')}")

    return figures_of("portal submit", send, runs, warming_up)


def _topic_with_form() -> tuple[int, dict[str, str]]:
    """Give a help topic a form of its own; give its id, and what is answered by name of the input."""
    from bench.creating import TOPIC
    from helpdesk.forms.constants import FieldFlag
    from helpdesk.forms.models import Form, FormField
    from tickets.models import HelpTopic, HelpTopicForm

    topic = HelpTopic.objects.filter(ispublic=True).exclude(pk=TOPIC).order_by("pk").first()
    if topic is None:
        raise RuntimeError("The database has no public help topic.")
    shown = FieldFlag.ENABLED | FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_EDIT | FieldFlag.AGENT_VIEW
    form = Form.objects.create(type="G", title="Device")
    kinds = {
        "model": ("text", {}, "LX 300"),
        "serial": ("text", {}, "4711-0815"),
        "place": ("choices", {"choices": "ground:Ground floor\nfirst:First floor"}, "first"),
        "since": ("datetime", {"time": False}, "2026-11-30"),
        "notes": ("memo", {"html": False}, "It happened before.\n" * 5),
    }
    answers = {}
    for place, (name, (kind, configuration, answer)) in enumerate(kinds.items()):
        field = FormField.objects.create(
            form=form, type=kind, label=name.title(), name=name, flags=shown, sort=place, configuration=configuration
        )
        answers[f"field-{field.pk}"] = answer
    HelpTopicForm.objects.create(topic=topic, form=form, sort=9, extra={"disable": []})
    return topic.pk, answers


def _filled(application: Application, topic_id: int, further: Mapping[str, str], number: int) -> tuple[Browser, bytes]:
    """Fetch the form as a guest; give the browser with its cookies, and what it sends."""
    from helpdesk.forms.models import FormField

    browser = Browser(application)
    answer = browser.get(f"{ADDRESS}?topicId={topic_id}", compressed=False)
    form = BeautifulSoup(answer.body, "html.parser").select_one("#open-form")
    if form is None:
        raise RuntimeError(f"{ADDRESS} answers {answer.status} without a form.")
    values = {
        str(control["name"]): str(control.get("value") or "")
        for control in form.select("input[name], textarea[name], select[name]")
        if control.get("type") not in {"file", "submit", "checkbox", "radio"}
    }
    names = FormField.objects.filter(form__type__in=("T", "U")).values_list("form__type", "name", "pk")
    inputs = {(kind, name): f"field-{pk}" for kind, name, pk in names}
    values |= {
        "topicId": str(topic_id),
        inputs["U", "email"]: f"guest{number}.{secrets.token_hex(4)}@bench.example",
        inputs["U", "name"]: "Maria Silva",
        inputs["T", "subject"]: f"Printer does not print, {number}",
        inputs["T", "message"]: MESSAGE,
        **further,
    }
    return browser, _multipart(values, f"{inputs['T', 'message']}-files", b"%d\n" % number + FILE)


def _multipart(values: Mapping[str, str], file_input: str, file: bytes) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in values.items()]
    about = f'{head}"{file_input}"; filename="printer.log"\r\nContent-Type: text/plain\r\n\r\n'
    return b"".join([*parts, about.encode(), file, f"\r\n--{BOUNDARY}--\r\n".encode()])
