"""What each permission means, in the groups in which administrators see them (osticket/tickets.md §3)."""

from django.utils.translation import gettext_lazy as _

from helpdesk.administration.fields import PermissionGroup
from helpdesk.people.permissions import AgentPermission, RolePermission

ROLE_GROUPS = (
    PermissionGroup(
        _("Tickets"),
        (
            (RolePermission.TICKET_CREATE.value, _("Open"), _("Open tickets on behalf of users")),
            (RolePermission.TICKET_EDIT.value, _("Edit"), _("Change fields, owner, collaborators")),
            (RolePermission.TICKET_ASSIGN.value, _("Assign"), _("Give tickets to agents and teams, claim them")),
            (RolePermission.TICKET_RELEASE.value, _("Release"), _("Take an assignment back")),
            (RolePermission.TICKET_TRANSFER.value, _("Transfer"), _("Move tickets to another department")),
            (RolePermission.TICKET_REFER.value, _("Refer"), _("Show tickets to others without moving them")),
            (RolePermission.TICKET_MERGE.value, _("Merge"), _("Make several tickets one")),
            (RolePermission.TICKET_LINK.value, _("Link"), _("Connect tickets that stay separate")),
            (RolePermission.TICKET_REPLY.value, _("Reply"), _("Write to the user")),
            (RolePermission.TICKET_MARK_ANSWERED.value, _("Mark"), _("Mark tickets as answered or unanswered")),
            (RolePermission.TICKET_CLOSE.value, _("Close"), _("Close and reopen tickets")),
            (RolePermission.TICKET_DELETE.value, _("Delete"), _("Delete tickets for good")),
            (RolePermission.THREAD_EDIT.value, _("Edit threads"), _("Correct what others wrote")),
        ),
    ),
    PermissionGroup(
        _("Tasks"),
        (
            (RolePermission.TASK_CREATE.value, _("Create"), _("Create tasks")),
            (RolePermission.TASK_EDIT.value, _("Edit"), _("Change fields of tasks")),
            (RolePermission.TASK_ASSIGN.value, _("Assign"), _("Give tasks to agents and teams")),
            (RolePermission.TASK_TRANSFER.value, _("Transfer"), _("Move tasks to another department")),
            (RolePermission.TASK_REPLY.value, _("Reply"), _("Write updates")),
            (RolePermission.TASK_CLOSE.value, _("Close"), _("Close and reopen tasks")),
            (RolePermission.TASK_DELETE.value, _("Delete"), _("Delete tasks for good")),
        ),
    ),
    PermissionGroup(
        _("Knowledge base"),
        ((RolePermission.CANNED_MANAGE.value, _("Canned responses"), _("Write and change ready-made answers")),),
    ),
)
AGENT_GROUPS = (
    PermissionGroup(
        _("Users"),
        (
            (AgentPermission.USER_CREATE.value, _("Create"), _("Add users")),
            (AgentPermission.USER_EDIT.value, _("Edit"), _("Change what is known of users")),
            (AgentPermission.USER_DELETE.value, _("Delete"), _("Delete users")),
            (AgentPermission.USER_MANAGE.value, _("Accounts"), _("Register, lock and unlock sign-ins of users")),
            (AgentPermission.USER_DIRECTORY.value, _("Directory"), _("See the list of all users")),
        ),
    ),
    PermissionGroup(
        _("Organizations"),
        (
            (AgentPermission.ORG_CREATE.value, _("Create"), _("Add organizations")),
            (AgentPermission.ORG_EDIT.value, _("Edit"), _("Change organizations")),
            (AgentPermission.ORG_DELETE.value, _("Delete"), _("Delete organizations")),
        ),
    ),
    PermissionGroup(
        _("Everywhere"),
        (
            (AgentPermission.FAQ_MANAGE.value, _("Knowledge base"), _("Write and publish articles")),
            (AgentPermission.STATS_AGENTS.value, _("Statistics"), _("See the figures of other agents")),
            (AgentPermission.SEARCH_ALL.value, _("Search"), _("Find tickets of all departments")),
            (AgentPermission.VISIBILITY_AGENTS.value, _("See agents"), _("See the agents of other departments")),
            (AgentPermission.VISIBILITY_DEPARTMENTS.value, _("See departments"), _("See all departments")),
            (AgentPermission.EMAILS_BANLIST.value, _("Ban list"), _("Ban and unban addresses")),
        ),
    ),
)
