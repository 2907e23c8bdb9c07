"""An action on many tickets: which ones, the form, then slice after slice with a result for each ticket.

Every request works on a few tickets only, so that none lasts long, however many are chosen. What is still to do and
what came of the rest travels with the form, signed; htmx sends it on by itself, without script there is a button.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.ids import id_in
from tickets.agent_actions.base import ActionForm, Subject, TicketAction
from tickets.agent_pages import not_found_is_404, wants_part, way_back
from tickets.changes import SHOWN_CHANGES, changes_among
from tickets.list_options import ListOptions
from tickets.models import Ticket
from tickets.queue_page import ids_in_queue
from tickets.queues import queue_for
from tickets.search.language import LONGEST_TEXT
from tickets.search.page import criteria_in, ids_found
from tickets.services.bulk import MOST_TICKETS, SLICE, for_each_ticket

CHOSEN, LIST, WHOLE_LIST, OPTIONS, PROGRESS = "ticket", "tickets", "all", "options", "progress"
"""Parameters: a chosen ticket, all that are left to do, the queue of which all are meant (or `SEARCH`) and how it was
looked at (words, conditions, sort and filter, as in its address), what has been done."""
SINCE = "since"
"""The parameter with the moment at which the agent saw the tickets, in seconds: what others did to one later is told
before anything is done to it."""
SEARCH = "search"
PROGRESS_SECONDS = 3600
STALE = "ticket_changed"


@dataclass
class Refused:
    """A ticket that stays as it was, and why; `is_stale` because others did something to it meanwhile."""

    ticket_id: int
    number: str
    reason: str
    is_stale: bool = False


@dataclass
class Progress:
    """What came of the tickets so far."""

    count: int
    done: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def handled(self) -> int:
        """How many have had their turn."""
        return self.done + len(self.refused)


def bulk_view(action: TicketAction) -> Callable[..., HttpResponseBase]:
    """Make the view of an action on many tickets."""

    @agent_required
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @not_found_is_404
    def view(request: AgentRequest, /, **part: Any) -> HttpResponse:
        bulk = _Bulk(request, action, action.bulk_part_of(request.access, **part))
        return bulk.send() if request.method == "POST" else bulk.open()

    return view


class _Bulk:
    """One request for an action on many tickets."""

    def __init__(self, request: AgentRequest, action: TicketAction, part: Any) -> None:
        self.request, self.action = request, action
        self.given = request.POST if request.method == "POST" else request.GET
        self.subject = Subject(request.access, part=part)
        self.is_whole_list = WHOLE_LIST in self.given
        self.ids = self._chosen()
        self.since = self._since()

    def open(self) -> HttpResponse:
        """Show the form."""
        if not self.action.is_offered_in_bulk(self.request.access):
            return self._show(None, status=403, obstacle=_("You may not do this."))
        if not self.ids:
            return self._show(None, status=422, obstacle=_("You must select at least one ticket."))
        return self._show(self.action.form(self.subject))

    def send(self) -> HttpResponse:
        """Work on the next tickets; then come back for the rest, or tell what came of all."""
        progress = self._progress()
        if not self.action.is_offered_in_bulk(self.request.access) or (not self.ids and not progress.handled):
            return self.open()
        form = self.action.form(self.subject, self.request.POST, self.request.FILES)
        if not form.is_valid():
            return self._show(form, status=422)
        now, self.ids = self.ids[:SLICE], self.ids[SLICE:]
        self._work_on(now, form.cleaned_data, progress)
        if self.ids:
            return self._show(form, progress=progress)
        return self._finish(progress)

    def _work_on(self, ticket_ids: Sequence[int], data: dict[str, Any], progress: Progress) -> None:
        changes = changes_among(ticket_ids, self.since, agent=self.request.agent) if self.since else {}

        def do(ticket: Ticket) -> None:
            if ticket.pk in changes:
                happened = "; ".join(change.text for change in changes[ticket.pk][-SHOWN_CHANGES:])
                raise Conflict(_("Meanwhile: %(changes)s") % {"changes": happened}, code=STALE)
            self.action.perform(Subject(self.request.access, ticket, self.subject.part), self.request.actor, data)

        ahead, actor = self.action.read_ahead(data), self.request.actor
        for result in for_each_ticket(ticket_ids, do, actor=actor, read_ahead=ahead) if ticket_ids else ():
            if result.refusal is None:
                progress.done += 1
            else:
                refusal = result.refusal
                refused = Refused(result.ticket_id, result.number, str(refusal.message), refusal.code == STALE)
                progress.refused.append(refused)

    def _finish(self, progress: Progress) -> HttpResponse:
        result = str(self.action.bulk_done or "") % {"done": progress.done, "count": progress.count}
        if progress.refused:
            return self._show(None, progress=progress, result=result)
        messages.success(self.request, result)
        if not wants_part(self.request):
            return redirect(way_back(self.request))
        response = render(self.request, "tickets/agent/_bulk_done.html")
        response.headers["HX-Trigger"] = "bulk:done"
        return response

    def _show(self, form: ActionForm | None, *, status: int = 200, **more: Any) -> HttpResponse:
        progress: Progress | None = more.get("progress")
        stale = [one.ticket_id for one in progress.refused if one.is_stale] if progress and not form else []
        context: dict[str, Any] = {
            "action": self.action,
            "address": self.action.bulk_address(self.subject),
            "form": form,
            "since": int(self.since.timestamp()) if self.since else "",
            "is_whole_list": self.is_whole_list,
            "stale": ",".join(str(pk) for pk in stale),
            "stale_count": len(stale),
            "now": int(timezone.now().timestamp()),
            "title": self._title(progress.count if progress else len(self.ids)),
            "way_back": way_back(self.request),
            "tickets": ",".join(str(pk) for pk in self.ids),
            "is_limited": len(self.ids) == MOST_TICKETS and progress is None,
            "most": MOST_TICKETS,
            "count": len(self.ids),
            "sent": self._sent() if progress is not None else [],
            "token": self._token(progress) if progress is not None else "",
            **more,
        }
        template = "_bulk_dialog.html" if wants_part(self.request) else "bulk.html"
        response = render(self.request, f"tickets/agent/{template}", context, status=status)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _title(self, count: int) -> str:
        if not count:
            return self.action.bulk_label(self.subject)
        return ngettext("%(action)s: %(count)d ticket", "%(action)s: %(count)d tickets", count) % {
            "action": self.action.bulk_label(self.subject),
            "count": count,
        }

    def _sent(self) -> list[tuple[str, str]]:
        """Give what was filled in, to be sent again with the next slice."""
        own = {LIST, CHOSEN, WHOLE_LIST, OPTIONS, PROGRESS, SINCE, "csrfmiddlewaretoken"}
        return [(name, value) for name in self.request.POST if name not in own for value in self._values(name)]

    def _values(self, name: str) -> Sequence[str]:
        return [str(value) for value in self.request.POST.getlist(name)]

    def _chosen(self) -> list[int]:
        given = self.given
        if self.is_whole_list:
            return self._whole_list(given.get(WHOLE_LIST, ""), QueryDict(given.get(OPTIONS, "")))
        texts = [*given.getlist(CHOSEN), *given.get(LIST, "").split(",")]
        ids = [number for text in texts if (number := id_in(text))]
        return list(dict.fromkeys(ids))[:MOST_TICKETS]

    def _whole_list(self, name: str, looked: QueryDict) -> list[int]:
        """Give all tickets of a queue or a search, as the agent looked at it."""
        access, now, options = self.request.access, timezone.now(), ListOptions.of_request(looked)
        if name == SEARCH:
            criteria = criteria_in(looked.get("c", ""))
            text = looked.get("q", "").replace("\0", "")[:LONGEST_TEXT]
            return ids_found(access, text, criteria, now=now, most=MOST_TICKETS, options=options)
        queue = queue_for(access, id_in(name) or 0)
        return ids_in_queue(access, queue, now=now, most=MOST_TICKETS, options=options)

    def _since(self) -> datetime | None:
        """Give when the agent saw the tickets: now, where all of a list are meant, which has more than a page shows."""
        if self.is_whole_list:
            return timezone.now().replace(microsecond=0)
        seconds = id_in(self.given.get(SINCE, ""))
        return datetime.fromtimestamp(seconds, UTC) if seconds else None

    def _progress(self) -> Progress:
        """Give what the form says of the tickets before; a form that was changed or is old begins anew."""
        token = self.request.POST.get(PROGRESS, "")
        try:
            found = signing.loads(token, salt=self._salt, max_age=PROGRESS_SECONDS) if token else None
        except signing.BadSignature:
            found = None
        if found is None:
            return Progress(len(self.ids))
        return Progress(found["count"], found["done"], [Refused(**one) for one in found["refused"]])

    def _token(self, progress: Progress) -> str:
        return signing.dumps(asdict(progress), salt=self._salt, compress=True)

    @property
    def _salt(self) -> str:
        return f"tickets.bulk.{self.action.bulk_address(self.subject)}.{self.request.agent.pk}"
