"""What may be done to an entry of a ticket's thread.

It is drawn here because a template asks ten questions about each of the twenty entries, which took an eighth of the
time of the page. For the same reason it is written as plain text: all words and addresses go through `escape`.
"""

from __future__ import annotations

from html import escape

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.people.models import Agent
from helpdesk.portal.addresses import numbered_address
from helpdesk.portal.templatetags import ostler
from tickets.screens import Action, AuthorKind, ItemKind, ThreadItem, TicketPage

register = template.Library()


@register.simple_tag
def ticket_entry_tools(item: ThreadItem, page: TicketPage, agent: Agent, may_add_task: bool) -> SafeString:
    """Draw what the agent may do to an entry; `may_add_task`: whether he may make tasks of what the ticket says."""
    groups = []
    if may_add_task:
        address = f"{numbered_address('agent:task_new')}?ticket={page.ticket_id:d}&entry={item.id:d}"
        groups.append(_way(address, "", "checks", _("Make a task of it")))
    if item.has_original:
        address = numbered_address("agent:entry_original", page.ticket_id, item.id)
        groups.append(_way(address, " download", "mail", _("The mail as it came")))
    if Action.REPLY in page.allowed and item.kind != ItemKind.NOTE:
        text = numbered_address("agent:prepared_answer", page.ticket_id, item.id, word="entry-")
        address = f"{numbered_address('agent:ticket', page.ticket_id)}?answer=entry-{item.id:d}#reply"
        inserts = f' data-inserts-answer="{escape(text)}"'
        groups.append(_way(address, inserts, "blockquote", _("Quote in a reply")))
    if item.author_id:
        groups.append("\n".join(_dialogs(item, page, agent)))
    return SafeString("\n".join([f'<span class="entry-actions">\n{group}\n</span>' for group in groups]))


def _way(address: str, more: str, icon_name: str, words: str) -> str:
    said = escape(words)
    return (
        f'<a class="entry-action" href="{escape(address)}"{more} title="{said}">'
        f'{ostler.icon(icon_name, "icon-small")}<span class="visually-hidden">{said}</span></a>'
    )


def _dialogs(item: ThreadItem, page: TicketPage, agent: Agent) -> list[str]:
    """Draw the ways to the dialogs: agents may correct their own entries, and with a permission those of others."""
    ways: list[str] = []
    if item.is_edited:
        address = numbered_address("agent:entry_history", page.ticket_id, item.id)
        ways.append(ostler.entry_tool(address, "history", item.id, "history", _("How it was before")))
    is_own = item.author_kind == AuthorKind.AGENT and item.author_id == agent.pk
    if Action.EDIT_ENTRY in page.allowed or is_own:
        if item.kind == ItemKind.RESPONSE:
            address = numbered_address("agent:ticket_resend-entry", page.ticket_id, item.id)
            ways.append(ostler.entry_tool(address, "resend", item.id, "send", _("Send again")))
        address = numbered_address("agent:ticket_edit-entry", page.ticket_id, item.id)
        ways.append(ostler.entry_tool(address, "edit", item.id, "pencil", _("Edit")))
    return ways
