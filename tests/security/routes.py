"""Every address of the help desk and who may reach what is behind it: the table that a reviewer reads.

A new address fails `test_every_address_is_classified` until it has its line here. Choose the kind that says who must
be refused; if none fits, add one with its expectations to `EXPECTED`. Ids in addresses (`<int:ticket_id>`) are filled
in from `scene.ids`, what is posted from `scene.data`; `post` of a line adds what only this address asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum


class Who(Enum):
    """The five who knock at every address."""

    STRANGER_AGENT = "an agent of another department, who may everything there"
    LIMITED_AGENT = "an agent of the ticket's department without any permission"
    STRANGER_USER = "an end user who has nothing to do with the ticket"
    COLLABORATOR = "an end user who takes part in the ticket"
    ANONYMOUS = "nobody who signed in"


class Kind(Enum):
    """What is behind an address."""

    PUBLIC = "for everybody, with no object of anybody's behind it"
    OWN = "for every agent: his own things, or lists that hold what he may see"
    OWN_OBJECT = "one agent's own thing: of no other agent"
    TICKET_SEEN = "of a ticket, for every agent who sees it"
    TICKET_ACTION = "of a ticket, for agents with a permission on it"
    MANY = "of chosen objects, for agents with a permission: others' objects are refused one by one"
    PERMITTED = "for agents with a permission of their own, whatever the object"
    ADMINISTRATION = "for administrators"
    PORTAL_OWN = "for end users: their own things"
    PORTAL_TICKET = "of a ticket, for end users who take part in it"
    SIGNED = "for whoever has a signed link to it"


@dataclass(frozen=True)
class Route:
    """A line of the table."""

    kind: Kind
    post: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    """What names in this address stand for, where the scene means something else by them: another name of the scene."""
    also: frozenset[int] = frozenset()
    """Further answers that are right here, whoever knocks; say why beside the line."""


AGENTS, END_USERS = {Who.STRANGER_AGENT, Who.LIMITED_AGENT}, {Who.STRANGER_USER, Who.COLLABORATOR}
SIGN_IN, NOT_FOUND, FORBIDDEN, NO_METHOD = 302, 404, 403, 405


def _all(those: Iterable[Who], answers: set[int]) -> dict[Who, set[int]]:
    return dict.fromkeys(those, answers)


EXPECTED: dict[Kind, dict[Who, set[int]]] = {
    Kind.PUBLIC: {},
    Kind.OWN: _all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    Kind.OWN_OBJECT: {
        **_all(AGENTS, {NOT_FOUND, FORBIDDEN}),
        **_all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    },
    Kind.TICKET_SEEN: {
        Who.STRANGER_AGENT: {NOT_FOUND},
        **_all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    },
    Kind.TICKET_ACTION: {
        Who.STRANGER_AGENT: {NOT_FOUND},
        Who.LIMITED_AGENT: {FORBIDDEN, NOT_FOUND},
        **_all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    },
    Kind.MANY: {
        Who.STRANGER_AGENT: {200, 422, NOT_FOUND},
        Who.LIMITED_AGENT: {FORBIDDEN},
        **_all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    },
    Kind.PERMITTED: {
        Who.LIMITED_AGENT: {FORBIDDEN, NOT_FOUND, SIGN_IN},
        **_all(END_USERS | {Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN}),
    },
    Kind.ADMINISTRATION: _all(Who, {SIGN_IN, FORBIDDEN, NOT_FOUND}),
    Kind.PORTAL_OWN: {},
    Kind.PORTAL_TICKET: {
        **_all(AGENTS | {Who.STRANGER_USER, Who.ANONYMOUS}, {SIGN_IN, FORBIDDEN, NOT_FOUND}),
    },
    Kind.SIGNED: _all(Who, {SIGN_IN, FORBIDDEN, NOT_FOUND}),
}
"""What must be answered, by kind and by who knocks; who is not named may come in. 405 is right, too."""

PREFIXES = {"admin/": Route(Kind.ADMINISTRATION)}
"""All addresses below these, unless they have a line of their own."""

ROUTES: dict[str, Route] = {
    # The agents' door and what belongs to each agent
    "scp/login.php": Route(Kind.PUBLIC),
    "scp/logout.php": Route(Kind.PUBLIC),
    "scp/pwreset.php": Route(Kind.PUBLIC),
    "scp/password/": Route(Kind.OWN),
    "scp/appearance/": Route(Kind.OWN),
    "scp/uploads/<int:field_id>/": Route(Kind.OWN),
    "scp/file.php": Route(Kind.SIGNED),
    "scp/drafts/<str:namespace>/": Route(Kind.TICKET_SEEN),
    # Queues
    "scp/": Route(Kind.OWN),
    "scp/index.php": Route(Kind.OWN),
    "scp/tickets.php": Route(Kind.OWN),
    "scp/queues/<int:queue_id>/": Route(Kind.OWN_OBJECT),
    "scp/queues/<int:queue_id>/edit/": Route(Kind.OWN_OBJECT),
    "scp/queues/<int:queue_id>/delete/": Route(Kind.OWN_OBJECT),
    "scp/queues/<int:queue_id>/arrange/": Route(Kind.OWN_OBJECT),
    "scp/queues/<int:queue_id>/export.<export_format:export_format>": Route(Kind.OWN_OBJECT),
    "scp/queues/new/": Route(Kind.OWN),
    "scp/queues/preview/": Route(Kind.OWN),
    "scp/queues/navigation/": Route(Kind.OWN),
    "scp/queues/setup/": Route(Kind.ADMINISTRATION),
    "scp/queues/columns/new/": Route(Kind.ADMINISTRATION),
    "scp/queues/columns/<int:column_id>/": Route(Kind.ADMINISTRATION),
    "scp/queues/orders/new/": Route(Kind.ADMINISTRATION),
    "scp/queues/orders/<int:sort_id>/": Route(Kind.ADMINISTRATION),
    "scp/search/": Route(Kind.OWN),
    "scp/search/advanced/": Route(Kind.OWN),
    "scp/search/condition/": Route(Kind.OWN),
    "scp/search/suggestions/": Route(Kind.OWN),
    "scp/search/export.<export_format:export_format>": Route(Kind.OWN),
    "scp/tickets/new/": Route(Kind.PERMITTED),
    "scp/people/find/": Route(Kind.OWN),
    "scp/tickets/find/": Route(Kind.OWN),
    "scp/tickets/bulk/claim/": Route(Kind.MANY),
    "scp/tickets/bulk/assign/": Route(Kind.MANY),
    "scp/tickets/bulk/close/": Route(Kind.MANY),
    "scp/tickets/bulk/reopen/": Route(Kind.MANY),
    "scp/tickets/bulk/status/": Route(Kind.MANY),
    "scp/tickets/bulk/transfer/": Route(Kind.MANY),
    "scp/tickets/bulk/answered/": Route(Kind.MANY),
    "scp/tickets/bulk/unanswered/": Route(Kind.MANY),
    "scp/tickets/bulk/delete/": Route(Kind.MANY),
    "scp/tickets/bulk/release/": Route(Kind.MANY),
    "scp/tickets/bulk/refer/": Route(Kind.MANY),
    # Only managers of a department may.
    "scp/tickets/bulk/overdue/": Route(Kind.MANY, also=frozenset({403})),
    "scp/tickets/bulk/not-overdue/": Route(Kind.MANY, also=frozenset({403})),
    "scp/tickets/bulk/owner/": Route(Kind.MANY),
    "scp/tickets/bulk/unlink/": Route(Kind.MANY),
    "scp/tickets/bulk/edit-topic/": Route(Kind.MANY),
    "scp/tickets/bulk/edit-sla/": Route(Kind.MANY),
    "scp/tickets/bulk/edit-source/": Route(Kind.MANY),
    "scp/tickets/bulk/edit-due/": Route(Kind.MANY),
    # The field of the scene is the message, which is no answer.
    "scp/tickets/bulk/answers/<int:field_id>/": Route(Kind.MANY, also=frozenset({404})),
    # Without chosen tickets there is nothing to merge, whoever asks.
    "scp/tickets/bulk/merge/": Route(Kind.MANY, also=frozenset({404})),
    "scp/tickets/bulk/link/": Route(Kind.MANY, also=frozenset({404})),
    # A ticket
    "scp/tickets/<int:ticket_id>/": Route(Kind.TICKET_SEEN),
    "scp/tickets/<int:ticket_id>/note/": Route(Kind.TICKET_SEEN),
    "scp/tickets/<int:ticket_id>/reply/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/claim/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/assign/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/release/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/close/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/reopen/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/status/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/answers/": Route(Kind.TICKET_SEEN),
    "scp/tickets/<int:ticket_id>/answers/<slug:key>/": Route(Kind.TICKET_SEEN),
    "scp/tickets/<int:ticket_id>/transfer/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/refer/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/answered/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/unanswered/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/overdue/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/not-overdue/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/owner/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/collaborators/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/merge/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/link/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/unlink/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/ban/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/delete/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/forms/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/edit/topic/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/edit/sla/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/edit/source/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/edit/due/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/edit/answers/<int:field_id>/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/entries/<int:entry_id>/": Route(Kind.TICKET_SEEN),
    # The scene's entry came by no mail.
    "scp/tickets/<int:ticket_id>/entries/<int:entry_id>/mail/": Route(Kind.TICKET_SEEN, also=frozenset({404})),
    "scp/tickets/<int:ticket_id>/entries/<int:entry_id>/edit/": Route(Kind.TICKET_ACTION),
    "scp/tickets/<int:ticket_id>/entries/<int:entry_id>/resend/": Route(Kind.TICKET_ACTION),
    # A script reads from the answer why there is no lock (osticket/tickets.md §15.3).
    "scp/tickets/<int:ticket_id>/lock/": Route(Kind.TICKET_SEEN, also=frozenset({200})),
    "scp/tickets/<int:ticket_id>/lock/<int:lock_id>/renew/": Route(Kind.TICKET_SEEN, also=frozenset({200})),
    # The refusal is a message on the ticket's page.
    "scp/tickets/<int:ticket_id>/lock/break/": Route(Kind.TICKET_ACTION, also=frozenset({302})),
    # Who leaves a page releases what he has, if anything; the answer is the same, and another's lock stays.
    "scp/locks/<int:lock_id>/release/": Route(Kind.OWN_OBJECT, also=frozenset({200})),
    # Tasks: whoever may make none, or choose none, is sent back to the list with a message.
    "scp/tasks.php": Route(Kind.OWN),
    "scp/tasks/": Route(Kind.OWN),
    "scp/tasks/list/<slug:list_key>/": Route(Kind.OWN),
    "scp/tasks/list/<slug:list_key>/export.<slug:export_format>": Route(Kind.OWN),
    "scp/tasks/new/": Route(Kind.PERMITTED),
    "scp/tasks/bulk/": Route(Kind.MANY, also=frozenset({302})),
    "scp/tasks/<int:task_id>/": Route(Kind.TICKET_SEEN),
    "scp/tasks/<int:task_id>/note/": Route(Kind.TICKET_SEEN),
    "scp/tasks/<int:task_id>/update/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/claim/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/assign/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/transfer/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/close/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/reopen/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/due/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/edit/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/entries/<int:task_entry_id>/": Route(Kind.TICKET_SEEN),
    "scp/tasks/<int:task_id>/entries/<int:task_entry_id>/edit/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/delete/": Route(Kind.TICKET_ACTION),
    "scp/tasks/<int:task_id>/collaborators/": Route(Kind.TICKET_ACTION),
    # Statistics, ban list
    "scp/statistics/": Route(Kind.OWN),
    "scp/statistics/export/": Route(Kind.OWN),
    "scp/dashboard.php": Route(Kind.OWN),
    "scp/ban-list/": Route(Kind.PERMITTED),
    "scp/banlist.php": Route(Kind.PERMITTED),
    # Users and organizations: for agents who may look at the directory at all
    "scp/users/": Route(Kind.PERMITTED),
    "scp/users.php": Route(Kind.PERMITTED),
    "scp/users/new/": Route(Kind.PERMITTED),
    "scp/users/export/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/edit/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/delete/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/organization/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/addresses/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/addresses/change/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/account/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/account/action/": Route(Kind.PERMITTED),
    "scp/users/<int:user_id>/notes/": Route(Kind.PERMITTED),
    "scp/users/import/": Route(Kind.PERMITTED),
    "scp/users/import/<int:import_id>/": Route(Kind.PERMITTED),
    "scp/users/import/<int:import_id>/start/": Route(Kind.PERMITTED),
    "scp/users/import/<int:import_id>/go-on/": Route(Kind.PERMITTED),
    "scp/users/import/<int:import_id>/cancel/": Route(Kind.PERMITTED),
    "scp/users/import/<int:import_id>/report/": Route(Kind.PERMITTED),
    "scp/organizations/": Route(Kind.PERMITTED),
    "scp/orgs.php": Route(Kind.PERMITTED),
    "scp/organizations/new/": Route(Kind.PERMITTED),
    "scp/organizations/<int:organization_id>/": Route(Kind.PERMITTED),
    "scp/organizations/<int:organization_id>/edit/": Route(Kind.PERMITTED),
    "scp/organizations/<int:organization_id>/delete/": Route(Kind.PERMITTED),
    "scp/organizations/<int:organization_id>/members/": Route(Kind.PERMITTED),
    "scp/organizations/<int:organization_id>/notes/": Route(Kind.PERMITTED),
    "scp/notes/<int:note_id>/": Route(Kind.PERMITTED),
    # Knowledge base and canned responses
    "scp/kb/": Route(Kind.OWN),
    "scp/kb.php": Route(Kind.OWN),
    "scp/faq.php": Route(Kind.OWN),
    "scp/categories.php": Route(Kind.OWN),
    "scp/kb/categories/<int:category_id>/": Route(Kind.OWN),
    "scp/kb/faqs/<int:faq_id>/": Route(Kind.OWN),
    "scp/kb/categories/new/": Route(Kind.PERMITTED),
    "scp/kb/categories/<int:category_id>/edit/": Route(Kind.PERMITTED),
    "scp/kb/categories/<int:category_id>/delete/": Route(Kind.PERMITTED),
    "scp/kb/faqs/new/": Route(Kind.PERMITTED),
    "scp/kb/faqs/<int:faq_id>/edit/": Route(Kind.PERMITTED),
    "scp/kb/faqs/<int:faq_id>/delete/": Route(Kind.PERMITTED),
    "scp/canned/": Route(Kind.PERMITTED),
    "scp/canned.php": Route(Kind.PERMITTED),
    "scp/canned/new/": Route(Kind.PERMITTED),
    "scp/canned/<int:canned_id>/": Route(Kind.PERMITTED),
    "scp/canned/<int:canned_id>/delete/": Route(Kind.PERMITTED),
    # The end users' door
    "": Route(Kind.PUBLIC),
    "appearance/": Route(Kind.PUBLIC),
    "open.php": Route(Kind.PUBLIC),
    "login.php": Route(Kind.PUBLIC),
    "logout.php": Route(Kind.PUBLIC),
    "pwreset.php": Route(Kind.PUBLIC),
    "account.php": Route(Kind.PUBLIC),
    "profile.php": Route(Kind.PUBLIC),
    "account/": Route(Kind.PORTAL_OWN),
    "account/new/": Route(Kind.PUBLIC),
    "tickets.php": Route(Kind.PUBLIC),
    "view.php": Route(Kind.PUBLIC),
    "tickets/new/": Route(Kind.PUBLIC),
    "tickets/thanks/": Route(Kind.PUBLIC),
    "tickets/status/": Route(Kind.PUBLIC),
    "tickets/leave/": Route(Kind.PUBLIC),
    "uploads/<int:field_id>/": Route(Kind.PUBLIC),
    "kb/": Route(Kind.PUBLIC),
    "kb/index.php": Route(Kind.PUBLIC),
    "kb/faq.php": Route(Kind.PUBLIC),
    "kb/suggestions/": Route(Kind.PUBLIC),
    "kb/categories/<int:category_id>/": Route(Kind.PUBLIC),
    "kb/faqs/<int:faq_id>/": Route(Kind.PUBLIC),
    "pages/<str:slug>": Route(Kind.PUBLIC),
    "pages/<str:slug>/": Route(Kind.PUBLIC),
    "drafts/<str:namespace>/": Route(Kind.PORTAL_TICKET, ids={"namespace": "client_namespace"}),
    "file.php": Route(Kind.SIGNED),
    "tickets/<int:ticket_id>/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/reply/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/close/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/reopen/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/edit/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/collaborators/": Route(Kind.PORTAL_TICKET),
    "tickets/<int:ticket_id>/collaborators/<int:collaborator_id>/remove/": Route(Kind.PORTAL_TICKET),
    "tickets/": Route(Kind.PORTAL_OWN),
}
"""By address, as the URL configuration spells it."""


def route_of(address: str) -> Route | None:
    """Give the line of an address, None where it has none."""
    by_prefix = (route for prefix, route in PREFIXES.items() if address.startswith(prefix))
    return ROUTES.get(address) or next(by_prefix, None)
