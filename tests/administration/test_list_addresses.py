"""What an address of a list can ask for: what the filters beside the list write into it, and nothing else."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.views.main import ChangeList
from django.test import Client
from django.urls import reverse

from helpdesk.administration.site import site

pytestmark = pytest.mark.django_db
LISTS = {f"{model._meta.app_label}.{model._meta.model_name}": admin for model, admin in site._registry.items()}


def address_of(admin: Any) -> str:
    return reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist")


@pytest.mark.parametrize("name", LISTS)
def test_no_column_can_be_asked_for_but_by_the_filters_of_the_list(browser: Client, name: str) -> None:
    admin = LISTS[name]
    filtered = {
        str(getattr(one, "parameter_name", None) or (one[0] if isinstance(one, tuple) else one))
        for one in admin.list_filter
    }
    for field in admin.model._meta.get_fields():
        asked = [f"{field.name}__{lookup}" for lookup in ("startswith", "iregex", "icontains", "in", "gt", "range")]
        if field.name not in filtered:
            asked += [field.name, f"{field.name}__exact", f"{field.name}__isnull"]
        for lookup in asked:
            answer = browser.get(address_of(admin), {lookup: "1"})
            assert answer.status_code == 400, lookup
            assert b"Traceback" not in answer.content
    for lookup in ("pk", "pk__in", "no_such_column", "dept__manager__passwd__startswith"):
        assert browser.get(address_of(admin), {lookup: "1"}).status_code == 400, lookup


@pytest.mark.parametrize("name", LISTS)
def test_every_filter_of_every_list_can_be_used(browser: Client, name: str) -> None:
    """Whatever parameter a filter reads, whether or not it has links at present."""
    shown = LISTS[name]
    page = browser.get(address_of(shown))
    listed: ChangeList = page.context["cl"]
    specs = listed.filter_specs
    assert shown.list_filter or not specs
    for spec in specs:
        for choice in spec.choices(listed):
            query = dict(parse_qsl(str(choice["query_string"]).lstrip("?"), keep_blank_values=True))
            answer = browser.get(address_of(shown), query)
            assert answer.status_code == 200, query
        for parameter in filter(None, spec.expected_parameters()):
            assert shown.lookup_allowed(parameter, "1", page.wsgi_request), parameter


def test_columns_sort_search_and_pages_stay(browser: Client) -> None:
    for shown in LISTS.values():
        page = BeautifulSoup(browser.get(address_of(shown)).content, "html.parser")
        links = {str(link["href"]) for link in page.select("#result_list a[href^='?'], th a[href^='?']")}
        for link in {*links, "?o=1", "?o=-1", "?p=1", "?all=", "?q=x", "?e=1"}:
            assert browser.get(address_of(shown) + link).status_code == 200, (address_of(shown), link)


@pytest.mark.parametrize("name", LISTS)
def test_odd_values_for_the_filters_end_with_no_error(browser: Client, name: str) -> None:
    shown = LISTS[name]
    listed: ChangeList = browser.get(address_of(shown)).context["cl"]
    for parameter in {name for spec in listed.filter_specs for name in spec.expected_parameters() if name}:
        for value in ("", "x", "-1", "9" * 30, "\0", "\U0001f600", "maybe", "2026-13-45"):
            answer = browser.get(address_of(shown), {parameter: value}, follow=True)
            assert answer.status_code in {200, 400}, (parameter, value)
