"""Making, changing and deleting filters; what becomes of them when what they name goes (osticket/filters.md §4, §8)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from filters.constants import FilterFlag
from filters.matching import BAN_LIST_NAME, ActionRow, RuleRow
from filters.models import FilterAction, FilterRule, TicketFilter
from filters.services import (
    FilterDraft,
    FilterInvalid,
    Part,
    copy_filter,
    delete_filter,
    next_order,
    order_filters,
    set_active,
    store_filter,
)
from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.health.registry import Finding, Level
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from tests.factories import AgentFactory, DepartmentFactory, TeamFactory
from tests.filters.making import make_filter
from tickets.filter_choices import everything_known
from tickets.health import filters as filters_check
from tickets.models import HelpTopic, TicketStatus

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
RULE = RuleRow("email", "contains", "@")


def store(*rules: RuleRow, actions: list[ActionRow] | None = None, of: TicketFilter | None = None, **said: Any) -> Any:
    draft = FilterDraft(**{"name": "New one", "rules": rules or [RULE], "actions": actions or [], **said})
    return store_filter(draft, world=everything_known(), actor=SYSTEM, ticket_filter=of)


def mistakes(*rules: RuleRow, **said: Any) -> set[tuple[str, int, str]]:
    with pytest.raises(FilterInvalid) as refusal:
        store(*rules, **said)
    return {(one.part.value, one.row, one.name) for one in refusal.value.mistakes}


def test_a_filter_is_stored_as_osticket_stores_it() -> None:
    actions = [ActionRow("pri", {"priority": "3"}), ActionRow("reject", {})]
    rule = RuleRow("field.20", "match", " invoice ")
    saved = store(rule, RULE, actions=actions, target="Email", mailbox_id=1, stops=True)
    assert (saved.target, saved.email_id, saved.stop_onmatch, saved.flags) == ("Email", 1, True, 0)
    rules = FilterRule.objects.filter(filter=saved).order_by("id")
    assert [(rule.what, rule.how, rule.val) for rule in rules] == [
        ("field.20", "match", "/invoice/iu"),
        ("email", "contains", "@"),
    ]
    stored = FilterAction.objects.filter(filter=saved).order_by("sort")
    assert [(row.sort, row.type, row.configuration) for row in stored] == [
        (1, "pri", {"priority": "3"}),
        (2, "reject", []),
    ]
    change = AdministrativeChange.objects.get(object_type="filter")
    assert change.changes["rules"][1] == ["field.20 match /invoice/iu", "email contains @"]


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (RuleRow("nothing", "equal", "x"), "what"),
        (RuleRow("name", "resembles", "x"), "how"),
        (RuleRow("name", "equal", "  "), "val"),
        (RuleRow("name", "equal", "x" * 256), "val"),
        (RuleRow("email", "equal", "nobody"), "val"),
        (RuleRow("name", "match", "/b(ob/"), "val"),
        (RuleRow("name", "match", "b(ob"), "val"),
    ],
)
def test_mistakes_name_the_row(rule: RuleRow, name: str) -> None:
    assert mistakes(RULE, rule) == {("rule", 1, name)}
    assert not TicketFilter.objects.filter(name="New one").exists()


@pytest.mark.parametrize(
    ("action", "name"),
    [
        (ActionRow("dept", {"dept_id": 4711}), "dept_id"),
        (ActionRow("agent", {}), "staff_id"),
        (ActionRow("status", {"status_id": 4711}), "status_id"),
        (ActionRow("brew", {}), "type"),
        (ActionRow("reject", {}), "type"),
        (ActionRow("email", {"recipients": "a@b.test", "subject": "Hello"}), "message"),
        (ActionRow("email", {"recipients": "sales", "subject": "Hello", "message": "x"}), "recipients"),
        (ActionRow("email", {"recipients": "a@b.test c@d.test", "subject": "Hello", "message": "x"}), "recipients"),
    ],
)
def test_actions_that_cannot_work_are_refused(action: ActionRow, name: str) -> None:
    assert mistakes(RULE, actions=[ActionRow("reject", {}), action]) == {("action", 1, name)}


def test_rules_that_exclude_each_other_and_missing_ones_are_refused() -> None:
    anna, bert = RuleRow("name", "equal", "Anna"), RuleRow("name", "equal", "Bert")
    assert mistakes(anna, bert, match_all=True) == {("rule", 1, "val")}
    assert store(anna, bert).pk
    with pytest.raises(FilterInvalid) as refusal:
        store_filter(FilterDraft(name=" ", target="Fax"), world=everything_known(), actor=SYSTEM)
    assert {(one.part, one.name) for one in refusal.value.mistakes} >= {
        (Part.FILTER, "name"),
        (Part.FILTER, "target"),
        (Part.FILTER, "rules"),
    }


def test_names_are_taken_in_any_case_and_the_ban_list_stays_what_it_is() -> None:
    saved = store()
    assert mistakes(RULE, name="NEW ONE") == {("filter", 0, "name")}
    assert store(RULE, name="New One", of=saved) == saved
    ban_list = TicketFilter.objects.get(name=BAN_LIST_NAME)
    for change in (delete_filter, copy_filter):
        with pytest.raises(ValidationFailed):
            change(ban_list, actor=SYSTEM)


def test_old_keys_and_actions_of_others_survive_a_change() -> None:
    saved = make_filter(("body", "contains", "x"), actions={"brew": {"cups": 2}})
    store(RuleRow("body", "contains", "y"), actions=[ActionRow("brew", {"cups": 2})], of=saved)
    assert FilterRule.objects.get(filter=saved).val == "y"
    assert FilterAction.objects.get(filter=saved).configuration == {"cups": 2}


def test_order_copy_switch_and_delete() -> None:
    one, two = store(name="One", execorder=next_order()), store(name="Two", execorder=next_order() + 1)
    order_filters([two.pk, one.pk], actor=SYSTEM)
    assert list(TicketFilter.objects.order_by("execorder").values_list("name", flat=True)) == [
        "Two",
        "One",
        BAN_LIST_NAME,
    ]
    copied = copy_filter(one, actor=SYSTEM)
    assert (copied.name, copied.isactive, copied.rules.count()) == ("One (2)", False, 1)
    set_active(copied, is_active=True, actor=SYSTEM)
    assert TicketFilter.objects.get(pk=copied.pk).isactive
    delete_filter(copied, actor=SYSTEM)
    assert not FilterRule.objects.filter(filter_id=copied.pk).exists()


def test_agents_who_are_no_administrators_change_nothing() -> None:
    saved, actor = store(), Actor.for_agent(AgentFactory.new())
    for attempt in (
        lambda: store_filter(FilterDraft(name="X", rules=[RULE]), world=everything_known(), actor=actor),
        lambda: set_active(saved, is_active=False, actor=actor),
        lambda: order_filters([saved.pk], actor=actor),
        lambda: delete_filter(saved, actor=actor),
        lambda: copy_filter(saved, actor=actor),
    ):
        with pytest.raises(PermissionRefused):
            attempt()


# --- What filters name goes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["department", "team", "agent", "topic", "status"])
def test_filters_of_what_is_deleted_are_switched_off_and_say_so(kind: str) -> None:
    made: dict[str, tuple[str, str, Any]] = {
        "department": ("dept", "dept_id", DepartmentFactory),
        "team": ("team", "team_id", TeamFactory),
        "agent": ("agent", "staff_id", AgentFactory),
    }
    if kind == "topic":
        row: Any = HelpTopic.objects.create(topic="Short-lived")
        key, option = "topic", "topic_id"
    elif kind == "status":
        row = TicketStatus.objects.create(name="Short-lived", state="open", properties={})
        key, option = "status", "status_id"
    else:
        key, option, factory = made[kind]
        row = factory.new()
    named = make_filter(actions={key: {option: str(row.pk)}}, name="Named")
    other = make_filter(actions={key: {option: row.pk + 1000}})
    row.delete()
    named.refresh_from_db()
    other.refresh_from_db()
    assert (named.isactive, named.flags, other.isactive) == (False, FilterFlag.DELETED_OBJECT, True)
    assert 'Filter "Named" was switched off' in SystemLogEntry.objects.get(title="Ticket filter").log


def test_a_department_that_is_switched_off_marks_its_filters() -> None:
    department = DepartmentFactory.new()
    named = make_filter(actions={"dept": {"dept_id": department.pk}})
    for flags, marks in ((DepartmentFlag(0), FilterFlag.INACTIVE_DEPARTMENT), (DepartmentFlag.ACTIVE, FilterFlag(0))):
        department.flags = flags
        department.save()
        named.refresh_from_db()
        assert (named.flags, named.isactive) == (marks, True)


def test_the_health_page_names_broken_filters() -> None:
    def findings() -> list[Finding]:
        found = filters_check(timezone.now())
        return [found] if isinstance(found, Finding) else list(found)

    assert [finding.level for finding in findings()] == [Level.OK]
    rules = ("name", "match", "/b(ob/"), ("name", "match", "/(?<=a)b/")
    make_filter(*rules, actions={"dept": {"dept_id": 99}}, name="F")
    sentences = [finding.sentence for finding in findings()]
    assert len(sentences) == 3
    assert all("F" in sentence for sentence in sentences)
