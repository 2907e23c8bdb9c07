"""Filling in the forms of the administration as a browser does."""

from typing import Any

from bs4 import BeautifulSoup, Tag
from django.test import Client


def fields_of(page: bytes) -> dict[str, Any]:
    """Give what a browser would send for the form on a page, unchanged: lists for names that come several times."""
    forms = BeautifulSoup(page, "html.parser").find_all("form")
    form = next(form for form in forms if str(form.get("id", "")).endswith("_form"))
    data: dict[str, list[str]] = {}
    for element in form.find_all(["input", "select", "textarea"]):
        name = element.get("name")
        if not name or element.has_attr("disabled"):
            continue
        for value in _values(element):
            data.setdefault(str(name), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in data.items()}


def _values(element: Tag) -> list[str]:
    if element.name == "textarea":
        return [element.get_text().removeprefix("\n")]
    if element.name == "select":
        options = element.find_all("option")
        chosen = [option for option in options if option.has_attr("selected")]
        if not chosen and not element.has_attr("multiple"):
            chosen = options[:1]
        return [str(option.get("value", option.get_text())) for option in chosen]
    kind = element.get("type", "text")
    if kind in ("submit", "button", "image"):
        return []
    if kind in ("checkbox", "radio"):
        return [str(element.get("value", "on"))] if element.has_attr("checked") else []
    return [str(element.get("value", ""))]


def save(browser: Client, address: str, **changes: Any) -> Any:
    """Open a form, change fields (None: a box is unticked, a field is left out) and send it; gives the answer."""
    page = browser.get(address)
    assert page.status_code == 200, (address, page.status_code, page.headers.get("Location"))
    data = fields_of(page.content)
    for name, value in changes.items():
        if value is None:
            data.pop(name, None)
        else:
            data[name] = value
    return browser.post(address, {**data, "_save": "Save"})


def errors_of(response: Any) -> dict[str, list[str]]:
    """Give what a form that was shown again says, by field."""
    context: Any = response.context
    return {name: [str(text) for text in texts] for name, texts in context["adminform"].form.errors.items()}
