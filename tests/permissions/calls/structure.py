"""Calls of the services by which administrators, and those who keep the knowledge base, shape the help desk."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from filters import services as filters
from filters.matching import ActionRow, RuleRow
from filters.models import TicketFilter
from helpdesk.administration.services import email_addresses, jobs, mail_accounts, mailboxes, outbox
from helpdesk.api import key_services as keys
from helpdesk.api.models import ApiKey
from helpdesk.configuration import services as configuration
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.forms import form_services, list_services
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory, Page
from helpdesk.knowledge.services import canned_responses, faqs, pages
from helpdesk.mail import template_services as templates
from helpdesk.mail.models import EmailAccount, EmailAddress, TemplateSet
from helpdesk.mail.oauth import services as oauth
from helpdesk.mail.oauth.clients import Provider
from helpdesk.mail.template import Template
from helpdesk.people.actor import Actor
from sla.business_hours import Repeat
from sla.models import Schedule, ScheduleEntry, SlaPlan
from sla.services import entries, plans, schedules
from tests.permissions.world import SYSTEM, Call, World
from tickets.services import help_topics

MAILBOXES = "helpdesk.administration.services.mailboxes"
KEYS = "helpdesk.api.key_services"
ADDRESSES = "helpdesk.administration.services.email_addresses"
ACCOUNTS = "helpdesk.administration.services.mail_accounts"
FORMS, LISTS, KNOWLEDGE = "helpdesk.forms.form_services", "helpdesk.forms.list_services", "helpdesk.knowledge.services"
OAUTH = "helpdesk.mail.oauth.services"
TEMPLATES = "helpdesk.mail.template_services"
FIELD = form_services.FieldDefinition(type="text", label="A field")


class _Names:
    """Knows a name for every row."""

    def name(self, kind: str, pk: int) -> str:
        """Give one."""
        return f"{kind} {pk}"

    def is_usable(self, kind: str, pk: int) -> bool:
        """Let every row be used."""
        return True


def _filter(actor: Actor) -> TicketFilter:
    return filters.store_filter(_draft("A filter"), world=_Names(), actor=actor)


def _draft(name: str) -> filters.FilterDraft:
    rule = RuleRow(what="name", how="contains", val="x")
    return filters.FilterDraft(name=name, rules=[rule], actions=[ActionRow(type="reject")])


def _job() -> PeriodicTask:
    crontab = CrontabSchedule.objects.create()
    return PeriodicTask.objects.create(name="A job", task="helpdesk.health.jobs.report_health", crontab=crontab)


def _mailbox() -> int:
    """Give an account whose server is not there."""
    account = {"type": "mailbox", "protocol": "IMAP", "auth_bk": "none", "active": True, "host": "127.0.0.1", "port": 9}
    return EmailAccount.objects.create(email=EmailAddress.objects.earliest("pk"), **account).pk


def _form() -> Form:
    return form_services.create_form("A form", actor=SYSTEM)


def _field() -> FormField:
    return form_services.add_field(_form(), FIELD, actor=SYSTEM)


def _list() -> CustomList:
    return list_services.create_list("A list", actor=SYSTEM)


def _item() -> ListItem:
    return list_services.add_item(_list(), list_services.ItemDefinition(value="An item"), actor=SYSTEM)


def _canned() -> CannedResponse:
    return canned_responses.create_canned_response("A response", "<p>x</p>", actor=SYSTEM)


def _canned_of(world: World) -> CannedResponse:
    return canned_responses.create_canned_response("Ours", "<p>x</p>", actor=SYSTEM, department=world.department)


def _category() -> FaqCategory:
    return faqs.store_category(faqs.CategoryDraft(name="A category", description="<p>x</p>"), actor=SYSTEM)


def _faq_draft() -> faqs.FaqDraft:
    return faqs.FaqDraft(question="Why?", answer="<p>So.</p>", category_id=_category().pk)


def _faq() -> Faq:
    return faqs.store_faq(_faq_draft(), actor=SYSTEM)


def _page() -> Page:
    return pages.store_page(pages.PageDraft(name="A page", body="<p>x</p>"), actor=SYSTEM)


def _plan() -> SlaPlan:
    return plans.store_plan(plans.PlanDraft(name="A plan", grace_period=8), actor=SYSTEM)


def _schedule() -> Schedule:
    return schedules.store_schedule(schedules.ScheduleDraft(name="A schedule"), actor=SYSTEM)


def _entry_draft() -> entries.EntryDraft:
    return entries.EntryDraft(name="An entry", repeats=Repeat.DAILY, starts_on=date(2026, 1, 1))


def _entry() -> ScheduleEntry:
    return entries.store_entry(_schedule(), _entry_draft(), actor=SYSTEM)


def _logged() -> int:
    row = SystemLogEntry.objects.create(log_type="Error", title="x", log="x", logger="", ip_address="")
    return int(row.pk)


def _set() -> TemplateSet:
    return templates.store_set(templates.SetDraft(name="A set"), actor=SYSTEM)


def _account() -> EmailAccount:
    address = EmailAddress.objects.create(email="another@acme.test")
    return EmailAccount.objects.create(email=address, type="smtp", auth_bk="basic", port=587)


def _address() -> EmailAddress:
    return EmailAddress.objects.create(email="one-more@acme.test", name="One more")


def _key() -> ApiKey:
    return keys.create_key("192.0.2.7", keys.KeyDraft(), actor=SYSTEM)


CALLS: dict[str, Call] = {
    f"{KEYS}.change_key": lambda w: keys.change_key(_key(), keys.KeyDraft(is_active=False), actor=w.actor),
    f"{KEYS}.create_key": lambda w: keys.create_key("192.0.2.8", keys.KeyDraft(), actor=w.actor),
    f"{KEYS}.delete_key": lambda w: keys.delete_key(_key(), actor=w.actor),
    f"{ADDRESSES}.delete_address": lambda w: email_addresses.delete_address(_address(), actor=w.actor),
    f"{ADDRESSES}.store_address": lambda w: email_addresses.store_address(
        email_addresses.AddressDraft(email="new@acme.test", name="New"), actor=w.actor
    ),
    f"{ACCOUNTS}.delete_account": lambda w: mail_accounts.delete_account(_account(), actor=w.actor),
    f"{ACCOUNTS}.store_mailbox": lambda w: mail_accounts.store_mailbox(
        _address(),
        mail_accounts.MailboxDraft(host="mail.acme.test", port=993, username="x", password="y"),
        actor=w.actor,
    ),
    f"{ACCOUNTS}.store_smtp": lambda w: mail_accounts.store_smtp(
        _address(), mail_accounts.SmtpDraft(host="mail.acme.test", port=587, method="none"), actor=w.actor
    ),
    f"{ACCOUNTS}.try_account": lambda w: mail_accounts.try_account(_account(), actor=w.actor),
    "filters.services.copy_filter": lambda w: filters.copy_filter(_filter(SYSTEM), actor=w.actor),
    "filters.services.delete_filter": lambda w: filters.delete_filter(_filter(SYSTEM), actor=w.actor),
    "filters.services.order_filters": lambda w: filters.order_filters([_filter(SYSTEM).pk], actor=w.actor),
    "filters.services.set_active": lambda w: filters.set_active(_filter(SYSTEM), is_active=False, actor=w.actor),
    "filters.services.store_filter": lambda w: _filter(w.actor),
    "helpdesk.administration.services.jobs.run_job_now": lambda w: jobs.run_job_now(_job(), actor=w.actor),
    "helpdesk.administration.services.jobs.switch_job": lambda w: jobs.switch_job(_job(), is_on=False, actor=w.actor),
    f"{TEMPLATES}.delete_set": lambda w: templates.delete_set(_set(), actor=w.actor),
    f"{TEMPLATES}.install_set": lambda w: templates.install_set("de", actor=w.actor),
    f"{TEMPLATES}.reset_template": lambda w: templates.reset_template(_set(), "ticket.reply", actor=w.actor),
    f"{TEMPLATES}.store_set": lambda w: templates.store_set(templates.SetDraft(name="New"), actor=w.actor),
    f"{TEMPLATES}.store_template": lambda w: templates.store_template(
        _set(), "ticket.reply", Template("x", "<p>x</p>"), actor=w.actor
    ),
    f"{OAUTH}.finish_connecting": lambda w: oauth.finish_connecting(_account(), {}, {}, state="x", actor=w.actor),
    f"{OAUTH}.start_connecting": lambda w: oauth.start_connecting(_account(), state="x", actor=w.actor),
    f"{OAUTH}.store_client": lambda w: oauth.store_client(
        _account(), oauth.ClientDraft(provider=Provider.GOOGLE, client_id="x", client_secret="y"), actor=w.actor
    ),
    "helpdesk.configuration.services.change_settings": lambda w: configuration.change_settings(
        {"helpdesk_title": "Another"}, w.actor
    ),
    "helpdesk.configuration.services.delete_log_entries": lambda w: configuration.delete_log_entries(
        [_logged()], w.actor
    ),
    "helpdesk.configuration.services.purge_log": lambda w: configuration.purge_log(
        before=timezone.now() - timedelta(days=1), actor=w.actor
    ),
    f"{MAILBOXES}.discard_quarantined": lambda w: mailboxes.discard_quarantined([], actor=w.actor),
    f"{MAILBOXES}.fetch_mailbox_now": lambda w: mailboxes.fetch_mailbox_now(_mailbox(), actor=w.actor),
    f"{MAILBOXES}.resume_mailbox": lambda w: mailboxes.resume_mailbox(_mailbox(), actor=w.actor),
    f"{MAILBOXES}.retry_quarantined": lambda w: mailboxes.retry_quarantined([], actor=w.actor),
    f"{MAILBOXES}.try_mailbox": lambda w: mailboxes.try_mailbox(_mailbox(), actor=w.actor),
    "helpdesk.administration.services.outbox.discard_deliveries": lambda w: outbox.discard_deliveries(
        [], actor=w.actor
    ),
    "helpdesk.administration.services.outbox.retry_deliveries": lambda w: outbox.retry_deliveries([], actor=w.actor),
    f"{FORMS}.add_field": lambda w: form_services.add_field(_form(), FIELD, actor=w.actor),
    f"{FORMS}.create_form": lambda w: form_services.create_form("New", actor=w.actor),
    f"{FORMS}.delete_form": lambda w: form_services.delete_form(_form(), actor=w.actor),
    f"{FORMS}.move_field": lambda w: form_services.move_field(_field(), up=True, actor=w.actor),
    f"{FORMS}.order_fields": lambda w: form_services.order_fields(_form(), [], actor=w.actor),
    f"{FORMS}.remove_field": lambda w: form_services.remove_field(_field(), actor=w.actor),
    f"{FORMS}.update_field": lambda w: form_services.update_field(_field(), FIELD, actor=w.actor),
    f"{FORMS}.update_form": lambda w: form_services.update_form(_form(), title="Renamed", actor=w.actor),
    f"{LISTS}.add_item": lambda w: list_services.add_item(
        _list(), list_services.ItemDefinition(value="New"), actor=w.actor
    ),
    f"{LISTS}.create_list": lambda w: list_services.create_list("New", actor=w.actor),
    f"{LISTS}.delete_list": lambda w: list_services.delete_list(_list(), actor=w.actor),
    f"{LISTS}.import_items": lambda w: list_services.import_items(_list(), "One\nTwo", actor=w.actor),
    f"{LISTS}.order_items": lambda w: list_services.order_items(_list(), [], actor=w.actor),
    f"{LISTS}.remove_item": lambda w: list_services.remove_item(_item(), actor=w.actor),
    f"{LISTS}.update_item": lambda w: list_services.update_item(
        _item(), list_services.ItemDefinition(value="Renamed"), actor=w.actor
    ),
    f"{LISTS}.update_list": lambda w: list_services.update_list(_list(), name="Renamed", actor=w.actor),
    f"{KNOWLEDGE}.canned_responses.create_canned_response": lambda w: canned_responses.create_canned_response(
        "New", "<p>x</p>", actor=w.actor, department=w.department
    ),
    f"{KNOWLEDGE}.canned_responses.delete_canned_response": lambda w: canned_responses.delete_canned_response(
        _canned_of(w), actor=w.actor
    ),
    f"{KNOWLEDGE}.canned_responses.store_canned_response": lambda w: canned_responses.store_canned_response(
        canned_responses.CannedDraft(title="New", response="<p>x</p>"), actor=w.actor, canned=_canned()
    ),
    f"{KNOWLEDGE}.faqs.delete_category": lambda w: faqs.delete_category(_category(), actor=w.actor),
    f"{KNOWLEDGE}.faqs.delete_faq": lambda w: faqs.delete_faq(_faq(), actor=w.actor),
    f"{KNOWLEDGE}.faqs.store_category": lambda w: faqs.store_category(
        faqs.CategoryDraft(name="New", description="<p>x</p>"), actor=w.actor
    ),
    f"{KNOWLEDGE}.faqs.store_faq": lambda w: faqs.store_faq(_faq_draft(), actor=w.actor),
    f"{KNOWLEDGE}.pages.delete_page": lambda w: pages.delete_page(_page(), actor=w.actor),
    f"{KNOWLEDGE}.pages.store_page": lambda w: pages.store_page(
        pages.PageDraft(name="New", body="<p>x</p>"), actor=w.actor
    ),
    "tickets.services.help_topics.delete_topic": lambda w: help_topics.delete_topic(w.topic, actor=w.actor),
    "tickets.services.help_topics.store_topic": lambda w: help_topics.store_topic(
        help_topics.TopicDraft(name="New topic"), actor=w.actor
    ),
    "sla.services.entries.add_entries": lambda w: entries.add_entries(_schedule(), [_entry_draft()], actor=w.actor),
    "sla.services.entries.delete_entry": lambda w: entries.delete_entry(_entry(), actor=w.actor),
    "sla.services.entries.store_entry": lambda w: entries.store_entry(_schedule(), _entry_draft(), actor=w.actor),
    "sla.services.plans.delete_plan": lambda w: plans.delete_plan(_plan(), actor=w.actor),
    "sla.services.plans.store_plan": lambda w: plans.store_plan(
        plans.PlanDraft(name="New", grace_period=4), actor=w.actor
    ),
    "sla.services.schedules.delete_schedule": lambda w: schedules.delete_schedule(_schedule(), actor=w.actor),
    "sla.services.schedules.store_schedule": lambda w: schedules.store_schedule(
        schedules.ScheduleDraft(name="New"), actor=w.actor
    ),
}
