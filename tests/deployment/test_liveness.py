"""`/health`: an answer for machines, whatever the settings say about hosts, https and addresses."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def outsider() -> Client:
    """A machine that asks by address, without https, from outside the address list."""
    return Client(headers={"host": "10.1.2.3:8000"}, REMOTE_ADDR="192.0.2.7")


@pytest.fixture
def broken_cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(type(cache._connections["default"]), "get", fail)  # type: ignore[attr-defined]
        yield


def test_it_says_ok_in_one_query_and_sets_no_cookie(
    outsider: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        answer = outsider.get("/health")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer.headers["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_hosts_https_and_address_list_do_not_concern_it(outsider: Client, settings: Settings) -> None:
    set_setting("core", "acl", "198.51.100.1", Actor.system())
    set_setting("core", "acl_backend", "1", Actor.system())
    assert outsider.get("/scp/login.php").status_code == 403
    settings.ALLOWED_HOSTS = ["desk.acme.test"]
    settings.SECURE_SSL_REDIRECT = True
    assert outsider.get("/health").status_code == 200


def test_a_silent_database_is_named_without_details(outsider: Client) -> None:
    def refuse(execute: Any, sql: str, *rest: Any) -> None:
        raise OperationalError("could not connect to 10.0.0.5 as ostler")

    with connection.execute_wrapper(refuse):
        answer = outsider.get("/health")
    assert (answer.status_code, answer.content) == (503, b"no answer: database\n")


def test_a_silent_cache_is_named(outsider: Client, broken_cache: None) -> None:
    answer = outsider.get("/health")
    assert (answer.status_code, answer.content) == (503, b"no answer: cache\n")


def test_only_the_very_address_is_answered(client: Client) -> None:
    assert client.get("/healthy").status_code == 404
    assert client.get("/health/").status_code == 404
