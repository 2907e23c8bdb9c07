"""The settings of osTicket, changed through the pages: typed, checked, and nothing touched that was not changed."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk import configuration
from helpdesk.accounts.services import reset_second_factor
from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import change_settings, set_settings
from helpdesk.configuration.subjects import ALERTS, SETTINGS, SUBJECTS, TASK_ALERTS
from helpdesk.knowledge.models import Page
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.administration.conftest import MakeAgent
from tests.administration.forms import save

pytestmark = pytest.mark.django_db
PAGES = [f"/admin/settings/{subject.name}/" for subject in SUBJECTS]
SYSTEM, TICKETS, ALERTS_PAGE, TASKS, AGENTS, USERS, EMAIL, KNOWLEDGE = PAGES


def rows() -> dict[tuple[str, str], str]:
    return {(row.namespace, row.key): row.value for row in ConfigItem.objects.all()}


def errors(response: object) -> dict[str, list[str]]:
    return {key: list(map(str, texts)) for key, texts in response.context["form"].errors.items()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("address", PAGES)
def test_saving_without_a_change_changes_nothing(browser: Client, address: str) -> None:
    before = rows()
    response = save(browser, address)
    assert response.status_code == 302, errors(response)
    assert rows() == before
    assert not AdministrativeChange.objects.exists()


@pytest.mark.parametrize("address", PAGES)
def test_odd_values_are_shown_and_kept(browser: Client, address: str) -> None:
    """A row that no page of ours would write: broken numbers, references to nothing, unknown choices."""
    odd = {"switch": "yes", "number": " 7 apples", "reference": "4711", "choice": "unheard-of", "text": "<b>&"}
    for key, setting in SETTINGS.items():
        ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": odd[setting.kind]})
    configuration.selectors.forget()
    before = rows()
    response = save(browser, address)
    assert response.status_code == 302, errors(response)
    assert rows() == before


def test_changes_are_stored_as_osticket_stores_them(browser: Client) -> None:
    response = save(
        browser, SYSTEM, helpdesk_title="Acme Desk", isonline=None, force_https="on", log_level="3", default_dept_id="2"
    )
    assert response.status_code == 302, errors(response)
    stored = rows()
    expected = {"helpdesk_title": "Acme Desk", "isonline": "0", "force_https": "on", "log_level": "3"}
    assert {key: stored["core", key] for key in expected} == expected
    assert stored["core", "default_dept_id"] == "2"
    assert configuration.current().text("helpdesk_title") == "Acme Desk"
    change = AdministrativeChange.objects.get()
    assert change.changes["log_level"] == ["2", "3"]
    assert (change.object_type, change.object_id, change.actor_name) == ("settings", "core", "ada")


def test_other_rows_are_left_alone(browser: Client) -> None:
    ConfigItem.objects.create(namespace="core", key="schema_of_tomorrow", value="x")
    ConfigItem.objects.create(namespace="plugin.3.instance.1", key="helpdesk_title", value="secret")
    before = rows()
    save(browser, SYSTEM, helpdesk_title="Acme Desk")
    assert rows() == {**before, ("core", "helpdesk_title"): "Acme Desk"}


@pytest.mark.parametrize(
    ("address", "changes", "field"),
    [
        (SYSTEM, {"helpdesk_title": " "}, "helpdesk_title"),
        (SYSTEM, {"helpdesk_url": "desk.example.com"}, "helpdesk_url"),
        (SYSTEM, {"default_timezone": "Mars/Phobos"}, "default_timezone"),
        (SYSTEM, {"acl": "192.0.2.0/24, nonsense"}, "acl"),
        (SYSTEM, {"acl": "192.0.2.0/24", "acl_backend": "3"}, "acl"),
        (SYSTEM, {"log_level": "9"}, "log_level"),
        (SYSTEM, {"default_dept_id": "4711"}, "default_dept_id"),
        (SYSTEM, {"max_page_size": "501"}, "max_page_size"),
        (SYSTEM, {"max_page_size": "many"}, "max_page_size"),
        (TICKETS, {"ticket_number_format": "T-1"}, "ticket_number_format"),
        (TICKETS, {"autolock_minutes": "-1"}, "autolock_minutes"),
        (ALERTS_PAGE, {"transfer_alert_active": "on", "transfer_alert_dept_manager": None}, "transfer_alert_active"),
        (TASKS, {"task_alert_active": "on"}, "task_alert_active"),
        (AGENTS, {"require_agent_2fa": "on"}, "require_agent_2fa"),
        (AGENTS, {"staff_max_logins": "0"}, "staff_max_logins"),
        (USERS, {"client_registration": "anybody"}, "client_registration"),
        (EMAIL, {"admin_email": "ada"}, "admin_email"),
        (KNOWLEDGE, {"landing_page_id": "4711"}, "landing_page_id"),
    ],
)
def test_a_refusal_stands_at_its_field(browser: Client, address: str, changes: dict[str, str], field: str) -> None:
    before = rows()
    response = save(browser, address, **changes)
    assert response.status_code == 200
    assert list(errors(response)) == [field]
    assert rows() == before
    assert not AdministrativeChange.objects.exists()


def test_an_address_list_with_the_own_address_is_fine(browser: Client) -> None:
    assert save(browser, SYSTEM, acl="127.0.0.0/8", acl_backend="3").status_code == 302
    assert browser.get(SYSTEM).status_code == 200
    assert browser.get(SYSTEM, REMOTE_ADDR="192.0.2.1").status_code == 403


def test_with_a_second_step_of_ones_own_it_can_be_demanded(browser: Client, admin: Agent) -> None:
    set_settings(f"staff.{admin.pk}", {"default_2fa": "auth.agent", "auth.agent": "AAAA"}, Actor.system())
    assert save(browser, AGENTS, require_agent_2fa="on").status_code == 302
    reset_second_factor(admin, actor=Actor.system())
    assert save(browser, AGENTS).status_code == 302


def test_credentials_in_other_namespaces_never_reach_the_trail(admin: Agent) -> None:
    set_settings("email.1.account.1", {"passwd": "$2$hidden"}, Actor.for_agent(admin))
    change = AdministrativeChange.objects.get()
    assert change.changes == {"passwd": [None, "(hidden)"]}


def test_only_administrators_change_settings(make_agent: MakeAgent) -> None:
    with pytest.raises(PermissionRefused):
        change_settings({"isonline": False}, Actor.for_agent(make_agent()))


def test_every_setting_has_one_place() -> None:
    keys = [setting.key for subject in SUBJECTS for setting in subject.settings]
    assert len(keys) == len(set(keys)) == len(SETTINGS)
    assert {key for alert in ALERTS for key in (alert.switch, *alert.recipients)} <= set(SETTINGS)


def test_the_first_subject_is_the_start(browser: Client) -> None:
    assert browser.get("/admin/settings/")["Location"] == SYSTEM
    assert browser.get("/admin/settings/nothing/").status_code == 404


def test_who_looks_for_alerts_about_tasks_among_the_alerts_is_led_on(browser: Client) -> None:
    page = BeautifulSoup(browser.get(ALERTS_PAGE).content, "html.parser")
    assert page.find("a", string="Alerts about tasks")["href"] == TASKS  # type: ignore[index]
    shown = browser.get(TASKS).context["form"].fields
    for name in ("task", "task_activity", "task_assignment", "task_transfer", "task_overdue"):
        assert f"{name}_alert_active" in shown


def test_the_table_of_mails_about_tasks_names_every_setting() -> None:
    table = (Path(__file__).resolve().parents[2] / "docs" / "mail.md").read_text()
    section = table.partition("## Who gets which mail about a task\n")[2].partition("\n## ")[0]
    known = {f"{name}_alert_{who}" for name, (_title, recipients) in TASK_ALERTS.items() for who in recipients}
    switches = {f"{name}_alert_active" for name in TASK_ALERTS}
    assert set(re.findall(r"`(task_\w+)`", section)) == known | switches


def test_pages_are_offered_for_what_they_are_for(browser: Client) -> None:
    extra = Page.objects.create(name="Second welcome", type="landing", isactive=True, body="<p>Hello</p>")
    Page.objects.create(name="Old welcome", type="landing", isactive=False, body="<p>Hello</p>")

    def offered(name: str) -> list[str]:
        page = BeautifulSoup(browser.get(KNOWLEDGE).content, "html.parser")
        return [one.get_text(strip=True) for one in page.select(f"select[name='{name}'] option:not([value='0'])")]

    assert offered("landing_page_id") == ["Landing", "Second welcome"]
    assert (offered("thank-you_page_id"), offered("offline_page_id")) == (["Thank You"], ["Offline"])
    response = save(browser, KNOWLEDGE, landing_page_id=str(extra.pk))
    assert response.status_code == 302, errors(response)
    odd = Page.objects.get(name="Thank You")
    set_settings("core", {"landing_page_id": odd.pk}, Actor.system())
    assert "Thank You" in offered("landing_page_id"), "what somebody chose all the same stays"
