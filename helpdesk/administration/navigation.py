"""The pages of the administration, grouped as an administrator looks for them: start page and side bar."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.subjects import SUBJECTS

Item = dict[str, Any]


class Entry(NamedTuple):
    """A page: its title, what it is for, its symbol (Material Symbols) and the name of its address.

    The name may be followed by a blank and the argument of the address: `admin:settings tickets`.
    """

    title: Any
    text: Any
    icon: str
    name: str


SYMBOLS = {
    "system": "tune",
    "tickets": "confirmation_number",
    "alerts": "notifications",
    "tasks": "task_alt",
    "agents": "support_agent",
    "users": "person",
    "email": "mail",
    "knowledge": "menu_book",
}
OUTBOX = "admin:hd_outbox_effect_changelist"
QUARANTINE = "admin:hd_mailfetch_quarantinedmail_changelist"
TRAIL = "admin:hd_audit_administrativechange_changelist"
JOBS = "admin:django_celery_beat_periodictask_changelist"
SYSTEM_LOG = "admin:hd_configuration_systemlogentry_changelist"

GROUPS: list[tuple[Any, list[Entry]]] = [
    (
        _("People"),
        [
            Entry(_("Agents"), _("Who works here, in which departments"), "badge", "admin:hd_people_agent_changelist"),
            Entry(
                _("Teams"),
                _("Agents who get work together"),
                "groups",
                "admin:hd_people_team_changelist",
            ),
            Entry(_("Roles"), _("What agents may do in a department"), "key", "admin:hd_people_role_changelist"),
            Entry(
                _("Departments"),
                _("Where tickets belong, who manages them"),
                "account_tree",
                "admin:hd_people_department_changelist",
            ),
        ],
    ),
    (
        _("New tickets"),
        [
            Entry(_("Ticket filters"), _("What happens to new tickets by themselves"), "filter_alt", "admin:filters"),
            Entry(
                _("Try filters out"),
                _("What would become of a mail or ticket, and why"),
                "science",
                "admin:filters_try",
            ),
            Entry(_("Ban list"), _("Who may not open tickets"), "block", "agent:ban_list"),
        ],
    ),
    (
        _("Lists of tickets"),
        [
            Entry(
                _("Queues"),
                _("Queues for everybody, their columns, orders and exports"),
                "inbox",
                "agent:queue_setup",
            ),
        ],
    ),
    (
        _("Forms"),
        [
            Entry(_("Forms"), _("What people are asked, in which order"), "list_alt", "admin:forms"),
            Entry(_("Lists"), _("Choices with properties, for fields of forms"), "format_list_bulleted", "admin:lists"),
            Entry(_("Help topics"), _("What tickets are about"), "category", "admin:hd_tickets_helptopic_changelist"),
            Entry(_("Forms of help topics"), _("Which topic asks for which forms"), "topic", "admin:topic_forms"),
        ],
    ),
    (
        _("Time"),
        [
            Entry(
                _("SLA plans"), _("After how many hours tickets are due"), "timer", "admin:hd_sla_slaplan_changelist"
            ),
            Entry(_("Schedules"), _("Business hours and holidays"), "calendar_month", "admin:schedules"),
            Entry(
                _("Due dates"), _("Try out when a ticket would be due, and why"), "event_upcoming", "admin:due_dates"
            ),
        ],
    ),
    (
        _("Mail"),
        [
            Entry(
                _("E-mail addresses"),
                _("From which the help desk writes, their mailboxes and servers"),
                "alternate_email",
                "admin:hd_mail_emailaddress_changelist",
            ),
            Entry(_("E-mail templates"), _("What mails say, in which language"), "drafts", "admin:template_sets"),
            Entry(
                _("Sign-in of mail"), _("Accounts at Google, Microsoft and others"), "lock_open", "admin:mail_sign_in"
            ),
        ],
    ),
    (
        _("Texts"),
        [
            Entry(
                _("Pages and messages"),
                _("Start page, thanks, pages of their own; texts of mails about accounts"),
                "article",
                "admin:hd_knowledge_page_changelist",
            ),
            Entry(_("Knowledge base"), _("Questions that come again, with their answers"), "menu_book", "agent:kb"),
            Entry(_("Canned responses"), _("What agents send again and again"), "quickreply", "agent:canned_responses"),
        ],
    ),
    (
        _("Settings"),
        [
            Entry(subject.title, subject.text, SYMBOLS[subject.name], f"admin:settings {subject.name}")
            for subject in SUBJECTS
        ],
    ),
    (
        _("System"),
        [
            Entry(
                _("API keys"),
                _("Programs that create tickets or run jobs"),
                "vpn_key",
                "admin:hd_api_apikey_changelist",
            ),
            Entry(_("Outbox"), _("Mails that wait, failed or were sent"), "outbox", OUTBOX),
            Entry(_("Mailboxes"), _("How the fetching of mail goes"), "inbox", "admin:mailboxes"),
            Entry(_("Mails set aside"), _("What could not be used, kept whole"), "report", QUARANTINE),
            Entry(_("Audit trail"), _("Who changed what, and what it was before"), "history", TRAIL),
            Entry(_("Recurring jobs"), _("When they run, when they last did"), "schedule", JOBS),
            Entry(_("System log"), _("What osTicket and Ostler noted"), "receipt_long", SYSTEM_LOG),
            Entry(_("Health"), _("What works, what does not, and what to do"), "monitor_heart", "admin:health"),
        ],
    ),
]
"""What an administrator looks for. An entry whose address does not exist (a part that is not installed) is left out."""


def groups() -> list[Item]:
    """Give the groups with the addresses of their pages."""
    found = [{"title": title, "items": _items(entries)} for title, entries in GROUPS]
    return [group for group in found if group["items"]]


def sidebar(request: HttpRequest) -> list[Item]:
    """Give the groups of the side bar, below the start page."""
    start = {"title": _("Start page"), "icon": "home", "link": reverse("admin:index")}
    return [{"title": "", "items": [start]}, *groups()]


def page_called(name: str) -> Item | None:
    """Give the page of the navigation at an address of this name, None for one that is not there."""
    entries = [entry for _title, entries in GROUPS for entry in entries if entry.name == name]
    return next(iter(_items(entries)), None)


def _items(entries: list[Entry]) -> list[Item]:
    items = []
    for entry in entries:
        try:
            name, _space, argument = entry.name.partition(" ")
            link = reverse(name, args=[argument] if argument else None)
        except NoReverseMatch:
            continue
        items.append({"title": entry.title, "text": entry.text, "icon": entry.icon, "link": link})
    return items


def environment(request: HttpRequest) -> tuple[str, str] | None:
    """Give the label beside the title that says which help desk this is, and its colour; None without one."""
    if settings.ENVIRONMENT_NAME:
        return settings.ENVIRONMENT_NAME, "warning"
    return (str(_("Development")), "danger") if settings.DEBUG else None


def stylesheet(request: HttpRequest) -> str:
    """Give the address of what our own parts of the pages look like."""
    return static("ostler/administration.css")
