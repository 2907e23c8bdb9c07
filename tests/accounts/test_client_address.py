"""Where a request came from (osticket/api.md §4), and whether that address is welcome (osticket/auth.md §3)."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from helpdesk.accounts.client_address import client_address
from helpdesk.people.models import Agent, EndUser
from tests.accounts.conftest import configure, sign_in
from tests.sign_in import sign_in_user


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "client"),
    [
        ("192.0.2.1", "", [], "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", [], "192.0.2.1"),
        ("192.0.2.1", "203.0.113.5", ["10.0.0.1"], "192.0.2.1"),
        ("10.0.0.1", "203.0.113.5", ["10.0.0.1"], "203.0.113.5"),
        ("10.0.0.1", "", ["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.5", ["10.0.0.1"], "203.0.113.5"),
        ("10.0.0.1", "198.51.100.7, 203.0.113.5, 10.0.0.2", ["10.0.0.0/24"], "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, nonsense", ["10.0.0.1"], "203.0.113.5"),
        ("10.0.0.1", "nonsense", ["10.0.0.1"], "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", ["10.0.0.0/24"], "10.0.0.3"),
        ("192.0.2.1", "198.51.100.7, 203.0.113.5", ["*"], "198.51.100.7"),
        ("2001:db8::1", "2001:DB8::9", ["2001:db8::/64"], "2001:db8::9"),
        ("::ffff:10.0.0.1", "203.0.113.5", ["10.0.0.1"], "203.0.113.5"),
        ("", "203.0.113.5", ["10.0.0.1"], ""),
        ("2001:db8:0:0::1", "", [], "2001:db8::1"),
    ],
)
def test_the_address_of_the_client(peer: str, forwarded: str, proxies: list[str], client: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer)
    if forwarded:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded
    assert client_address(request) == client


@pytest.mark.django_db
class TestAddressList:
    AGENT_PATHS = ("/scp/", "/scp/login.php", "/scp/nothing-here")

    def refused(self, path: str, address: str = "203.0.113.5") -> bool:
        response = Client(REMOTE_ADDR=address).get(path)
        is_refused = response.status_code == 403
        assert not is_refused or response.content == b"Access Denied"
        return is_refused

    @pytest.mark.parametrize(
        ("backend", "agents", "portal"),
        [("", False, False), ("0", False, False), ("1", True, True), ("2", False, True), ("3", True, False)],
    )
    def test_the_setting_says_which_doors_are_guarded(self, backend: str, agents: bool, portal: bool) -> None:
        configure(acl="192.0.2.1, 192.0.2.2", acl_backend=backend)
        assert {self.refused(path) for path in self.AGENT_PATHS} == {agents}
        assert self.refused("/") is portal
        for address in ("192.0.2.1", "192.0.2.2"):
            assert not any(self.refused(path, address) for path in (*self.AGENT_PATHS, "/"))

    def test_an_empty_list_guards_nothing(self) -> None:
        configure(acl=" , ", acl_backend=1)
        assert not self.refused("/")
        assert not self.refused("/scp/login.php")

    def test_programs_have_their_own_keys(self) -> None:
        configure(acl="192.0.2.1", acl_backend=1)
        assert not self.refused("/api/whoami")

    @pytest.mark.parametrize(
        ("entry", "address", "refused"),
        [
            ("192.0.2.0/24", "192.0.2.77", False),
            ("192.0.2.0/24", "192.0.3.77", True),
            ("2001:db8::1", "2001:DB8:0::1", False),
            ("*", "192.0.2.77", True),
            ("nonsense", "192.0.2.77", True),
            ("192.0.2.77, nonsense", "192.0.2.77", False),
            ("192.0.2.77", "", True),
        ],
    )
    def test_entries(self, entry: str, address: str, refused: bool) -> None:
        configure(acl=entry, acl_backend=1)
        assert self.refused("/", address) is refused

    def test_who_is_in_stays_out_too(self, agent: Agent, end_user: EndUser) -> None:
        browser = sign_in_user(Client(), end_user)
        sign_in(browser)
        configure(acl="192.0.2.1", acl_backend=1)
        assert browser.get("/scp/").status_code == 403
        assert browser.get("/").status_code == 403
