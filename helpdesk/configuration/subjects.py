"""The settings of osTicket that administrators change here, page by page (osticket/config.md §2)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.catalogue import (
    Alert,
    Group,
    Setting,
    Subject,
    address,
    choice,
    host_names,
    networks,
    number,
    number_format,
    reference,
    switch,
    text,
    time_zone,
    web_address,
)

DEFAULT = _("— none —")
NAME_FORMATS = (
    ("first", _("Jane")),
    ("last", _("Doe")),
    ("full", _("Jane Doe")),
    ("legal", _("Jane M. Doe")),
    ("lastfirst", _("Doe, Jane")),
    ("formal", _("Dr. Doe")),
    ("short", _("Jane D.")),
    ("shortformal", _("J. Doe")),
    ("complete", _("Dr. Jane M. Doe")),
    ("original", _("as it was entered")),
)
WHO = {
    "admin": _("Administrator's address"),
    "dept_manager": _("Manager of the department"),
    "dept_members": _("Members of the department"),
    "acct_manager": _("Account manager of the organization"),
    "laststaff": _("Agent who answered last"),
    "assigned": _("Assigned agent or team"),
    "staff": _("Assigned agent"),
    "team_lead": _("Team lead"),
    "team_members": _("Team members"),
}
TICKET_ALERTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "ticket": (_("New ticket"), ("admin", "dept_manager", "dept_members", "acct_manager")),
    "message": (_("New message"), ("laststaff", "assigned", "dept_manager", "acct_manager")),
    "note": (_("New internal note"), ("laststaff", "assigned", "dept_manager")),
    "assigned": (_("Assignment"), ("staff", "team_lead", "team_members")),
    "transfer": (_("Transfer"), ("assigned", "dept_manager", "dept_members")),
    "overdue": (_("Overdue ticket"), ("assigned", "dept_manager", "dept_members")),
}
TASK_ALERTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "task": (_("New task"), ("admin", "dept_manager", "dept_members", "acct_manager")),
    "task_activity": (_("New activity"), ("laststaff", "assigned", "dept_manager")),
    "task_assignment": (_("Assignment of a task"), ("staff", "team_lead", "team_members")),
    "task_transfer": (_("Transfer of a task"), ("assigned", "dept_manager", "dept_members")),
    "task_overdue": (_("Overdue task"), ("assigned", "dept_manager", "dept_members")),
}
ALERTS = tuple(
    Alert(f"{name}_alert_active", tuple(f"{name}_alert_{who}" for who in recipients))
    for name, (_title, recipients) in {**TICKET_ALERTS, **TASK_ALERTS}.items()
)


def _alert_groups(alerts: dict[str, tuple[Any, tuple[str, ...]]]) -> list[Group]:
    return [
        Group(
            title,
            [
                switch(f"{name}_alert_active", _("Send this alert"), _("At least one recipient is needed.")),
                *(switch(f"{name}_alert_{who}", WHO[who]) for who in recipients),
            ],
        )
        for name, (title, recipients) in alerts.items()
    ]


SYSTEM = Subject(
    "system",
    _("System"),
    _("Name, address, times, log, who may come in from where"),
    [
        Group(
            _("Help desk"),
            [
                switch("isonline", _("On line"), _("Off line, only administrators can work and users see a notice.")),
                text("helpdesk_title", _("Name"), _("Stands in the title of every page."), is_required=True),
                text("helpdesk_url", _("Address"), _("As links in mails begin."), is_required=True, check=web_address),
                reference("default_dept_id", _("Default department"), "department", _("Where nothing else decides.")),
                reference("schedule_id", _("Business hours"), "schedule", none=DEFAULT),
            ],
        ),
        Group(
            _("Dates and times"),
            [
                text("default_timezone", _("Time zone"), _("Such as Europe/Berlin."), check=time_zone),
                text("default_locale", _("Locale"), _("Such as en_GB; empty for the language's own."), longest=16),
                choice(
                    "date_formats",
                    _("Formats"),
                    (("", _("of the locale")), ("24", _("of the locale, 24 hours")), ("custom", _("as below"))),
                ),
                text("time_format", _("Time"), _("Letters as Unicode defines them, such as HH:mm."), longest=64),
                text("date_format", _("Date"), longest=64),
                text("datetime_format", _("Date and time"), longest=64),
                text("daydatetime_format", _("Day, date and time"), longest=64),
            ],
        ),
        Group(
            _("Who may come in"),
            [
                choice(
                    "acl_backend",
                    _("Address list"),
                    (
                        ("0", _("not used")),
                        ("1", _("guards everything")),
                        ("2", _("guards the users' pages")),
                        ("3", _("guards the agents' pages")),
                    ),
                ),
                text(
                    "acl",
                    _("Welcome addresses"),
                    _("Separated by commas; ranges such as 192.0.2.0/24 are understood here, not by osTicket."),
                    longest=10000,
                    check=networks,
                ),
                switch(
                    "force_https", _("Demand https"), _("osTicket's own switch; here HTTPS=1 does it."), on="on", off=""
                ),
                text("allow_iframes", _("May embed these pages"), _("Hosts, for osTicket's pages."), check=host_names),
                text(
                    "embedded_domain_whitelist",
                    _("May be embedded in tickets"),
                    _("Hosts of videos, separated by commas."),
                    longest=2000,
                    check=host_names,
                ),
                switch("files_req_auth", _("Files need a sign-in"), _("Files of articles and pages stay open.")),
            ],
        ),
        Group(
            _("Pages and files"),
            [
                number("max_page_size", _("Rows of a list"), _("0 for 25."), largest=500),
                number("max_file_size", _("Largest file"), _("In bytes; 0 for no limit."), largest=2**31 - 1),
                switch("enable_richtext", _("Formatted text"), _("Off: everybody writes plain text.")),
                switch("enable_avatars", _("Pictures of people")),
            ],
        ),
        Group(
            _("System log"),
            [
                choice(
                    "log_level",
                    _("Write"),
                    (
                        ("0", _("nothing")),
                        ("1", _("errors")),
                        ("2", _("errors and warnings")),
                        ("3", _("everything, for searching for faults")),
                    ),
                ),
                number("log_graceperiod", _("Keep for months"), _("0 for ever."), largest=120),
            ],
        ),
    ],
)
TICKETS = Subject(
    "tickets",
    _("Tickets"),
    _("Numbers, defaults, locks and what closing does"),
    [
        Group(
            _("Numbers"),
            [
                text(
                    "ticket_number_format",
                    _("Format"),
                    _("Each # is a digit; \\# is a hash sign."),
                    longest=32,
                    is_required=True,
                    check=number_format,
                ),
                reference("ticket_sequence_id", _("Sequence"), "sequence", none=_("— at random —")),
            ],
        ),
        Group(
            _("New tickets"),
            [
                reference("default_ticket_status_id", _("Status"), "status"),
                reference("default_priority_id", _("Priority"), "priority"),
                reference("default_sla_id", _("SLA plan"), "sla", none=DEFAULT),
                choice(
                    "due_date_calculator",
                    _("Working hours are counted"),
                    (
                        ("", _("as osTicket does in its own database, exactly in a fresh one")),
                        ("osticket", _("as osTicket does, mistakes included")),
                        ("exact", _("exactly")),
                    ),
                    _("As osTicket does: while both work on the same database."),
                ),
                reference("default_help_topic", _("Help topic"), "topic", none=DEFAULT),
                number(
                    "max_open_tickets", _("Open tickets of one user"), _("At most; 0 for any number."), largest=9999
                ),
                switch("enable_captcha", _("Ask guests for a code"), _("On osTicket's page for new tickets.")),
                choice("help_topic_sort_mode", _("Help topics"), (("a", _("by name")), ("m", _("as sorted by hand")))),
            ],
        ),
        Group(
            _("Work"),
            [
                reference("default_ticket_queue", _("First queue of agents"), "queue"),
                switch("queue_bucket_counts", _("Numbers at queues"), _("Of the upper queues, too.")),
                choice(
                    "ticket_lock",
                    _("Lock a ticket"),
                    (("0", _("never")), ("1", _("when it is opened")), ("2", _("when somebody writes"))),
                ),
                number("autolock_minutes", _("Length of a lock"), _("In minutes; 0 for no locks."), largest=1440),
                switch("auto_claim_tickets", _("Reply claims"), _("Replying to an unassigned ticket takes it.")),
                switch("auto_refer_closed", _("Closing refers"), _("Who closed a ticket still sees it afterwards.")),
                switch("require_topic_to_close", _("Topic before closing")),
                switch("collaborator_ticket_visibility", _("Collaborators see their tickets")),
                switch("users_close_tickets", _("Users close their tickets"), _("And open them again.")),
                switch("allow_external_images", _("Images from elsewhere"), _("Show them without asking.")),
            ],
        ),
    ],
)
ANSWERS = Subject(
    "alerts",
    _("Answers and alerts"),
    _("What users and agents are told by mail"),
    [
        Group(
            _("Automatic answers to users"),
            [
                switch("ticket_autoresponder", _("To a new ticket")),
                switch("message_autoresponder", _("To a further message")),
                switch("message_autoresponder_collabs", _("To collaborators, too")),
                switch("ticket_notice_active", _("When an agent opens a ticket for them")),
                switch("overlimit_notice_active", _("When they have too many open tickets")),
            ],
        ),
        *_alert_groups(TICKET_ALERTS),
        Group(
            _("Faults, to the administrator's address"),
            [
                switch("send_sys_errors", _("System errors")),
                switch("send_sql_errors", _("Errors of the database")),
                switch("send_login_errors", _("Too many failed sign-ins")),
            ],
        ),
    ],
    related=("tasks", _("Alerts about tasks")),
)
TASKS = Subject(
    "tasks",
    _("Tasks"),
    _("Numbers of tasks and alerts about them"),
    [
        Group(
            _("Numbers"),
            [
                text("task_number_format", _("Format"), longest=32, is_required=True, check=number_format),
                reference("task_sequence_id", _("Sequence"), "sequence", none=_("— at random —")),
            ],
        ),
        *_alert_groups(TASK_ALERTS),
    ],
)


def _sessions(who: str) -> list[Setting]:
    return [
        number(f"{who}_max_logins", _("Failed sign-ins before a pause"), smallest=1, largest=100),
        number(f"{who}_login_timeout", _("Length of the pause"), _("In minutes."), smallest=1, largest=1440),
        number(f"{who}_session_timeout", _("Signed out when idle"), _("After minutes; 0 for never."), largest=10080),
    ]


AGENTS = Subject(
    "agents",
    _("Agents"),
    _("Passwords, sessions and names of agents"),
    [
        Group(
            _("Sign-in"),
            [
                *_sessions("staff"),
                switch("staff_ip_binding", _("Bind sessions"), _("To the address from which the agent signed in.")),
                number("passwd_reset_period", _("New password after months"), _("0 for never."), largest=120),
                switch("allow_pw_reset", _("Forgotten passwords"), _("Agents may ask for a link by mail.")),
                number("pw_reset_window", _("Such a link holds"), _("For minutes."), smallest=1, largest=10080),
                switch("require_agent_2fa", _("Second step"), _("Nobody gets in without one.")),
            ],
        ),
        Group(
            _("Names"),
            [
                choice("agent_name_format", _("Names of agents"), NAME_FORMATS),
                switch("hide_staff_name", _("Hide names from users")),
                switch("disable_agent_collabs", _("No agents as collaborators"), _("When they stand in Cc of a mail.")),
            ],
        ),
    ],
)
USERS = Subject(
    "users",
    _("Users"),
    _("Registration, access to tickets, sessions of users"),
    [
        Group(
            _("Access"),
            [
                choice(
                    "client_registration",
                    _("Registration"),
                    (
                        ("disabled", _("none: everybody is a guest")),
                        ("closed", _("by agents only")),
                        ("public", _("anybody may register")),
                        ("auto", _("anybody, without being asked")),
                    ),
                ),
                switch("clients_only", _("Sign-in before a new ticket")),
                switch("client_verify_email", _("Guests prove their address"), _("Before they see a ticket.")),
                switch("allow_auth_tokens", _("Links in mails open the ticket"), _("Without a sign-in.")),
                *_sessions("client"),
            ],
        ),
        Group(_("Names"), [choice("client_name_format", _("Names of users"), NAME_FORMATS)]),
    ],
)
EMAIL = Subject(
    "email",
    _("E-mail"),
    _("Addresses, incoming and outgoing mail"),
    [
        Group(
            _("Addresses"),
            [
                reference("default_email_id", _("Outgoing mail"), "address"),
                reference("alert_email_id", _("Alerts"), "address", none=_("— as outgoing mail —")),
                reference("default_smtp_id", _("Sending account"), "smtp account", none=_("— none —")),
                reference("default_template_id", _("Templates"), "template set"),
                text("admin_email", _("Administrator"), _("Gets alerts and faults."), is_required=True, check=address),
            ],
        ),
        Group(
            _("Incoming mail"),
            [
                switch("enable_mail_polling", _("Fetch mail")),
                switch("enable_auto_cron", _("Fetch while agents work"), _("osTicket's substitute for a scheduler.")),
                switch("accept_unregistered_email", _("From unknown addresses, too")),
                switch("verify_email_addrs", _("Look addresses up"), _("In the DNS; needs a name server.")),
                switch("add_email_collabs", _("To and Cc become collaborators")),
                switch("use_email_priority", _("Priority of the mail counts")),
                switch("strip_quoted_reply", _("Cut what is quoted"), _("Below the line that follows.")),
                text("reply_separator", _("This line"), longest=60),
            ],
        ),
        Group(_("Outgoing mail"), [switch("email_attachments", _("Send files along"))]),
    ],
)
KNOWLEDGE = Subject(
    "knowledge",
    _("Knowledge base"),
    _("Articles, ready-made answers and the users' pages"),
    [
        Group(
            _("Knowledge base"),
            [
                switch("enable_kb", _("Public knowledge base"), _("Shown once an article is published.")),
                switch("restrict_kb", _("For signed-in users only")),
                switch("enable_premade", _("Canned responses")),
            ],
        ),
        Group(
            _("Pages for users"),
            [
                reference("landing_page_id", _("Start page"), "landing page", none=DEFAULT),
                reference("thank-you_page_id", _("After a new ticket"), "thank-you page", none=DEFAULT),
                reference("offline_page_id", _("While off line"), "offline page", none=DEFAULT),
            ],
        ),
    ],
)
SUBJECTS = (SYSTEM, TICKETS, ANSWERS, TASKS, AGENTS, USERS, EMAIL, KNOWLEDGE)
SETTINGS: dict[str, Setting] = {setting.key: setting for subject in SUBJECTS for setting in subject.settings}
