"""Plays a story of the sample help desk: opens its ticket and takes its steps, each at its time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import singledispatchmethod
from random import Random

from helpdesk import configuration
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.portal.sample_data.files import content_of
from helpdesk.portal.sample_data.story import (
    Assigns,
    Claims,
    Closes,
    Finishes,
    Notes,
    Plans,
    Reopens,
    Replies,
    Says,
    Step,
    Story,
    as_html,
)
from helpdesk.portal.sample_data.timeline import Timeline
from helpdesk.threads.bodies import NewFile
from tasks.models import Task
from tasks.services import NewTask, TaskState, create_task, post_task_update
from tickets.constants import TicketSource
from tickets.models import HelpTopic, Ticket, TicketPriority, TicketStatus
from tickets.services import (
    NewTicket,
    Origin,
    assign_ticket,
    claim_ticket,
    close_ticket,
    create_ticket,
    mark_overdue,
    post_message,
    post_note,
    post_reply,
    reopen_ticket,
)

ORIGINS = {TicketSource.WEB: Origin.WEB, TicketSource.EMAIL: Origin.EMAIL, TicketSource.API: Origin.API}


@dataclass(frozen=True)
class Cast:
    """Everybody and everything a story may name, by key or name."""

    agents: Mapping[str, Agent]
    teams: Mapping[str, Team]
    departments: Mapping[str, Department]
    users: Mapping[str, EndUser]
    topics: dict[str, HelpTopic] = field(default_factory=lambda: {t.topic: t for t in HelpTopic.objects.all()})
    statuses: dict[str, TicketStatus] = field(default_factory=lambda: {s.name: s for s in TicketStatus.objects.all()})
    priorities: dict[str, TicketPriority] = field(
        default_factory=lambda: {priority.priority: priority for priority in TicketPriority.objects.all()}
    )


def play(story: Story, cast: Cast, *, now: datetime, seed: str) -> Ticket:
    """Open the ticket of a story and take all its steps before `now` (aware, UTC); `seed` decides their times."""
    random = Random(seed)  # noqa: S311 -- times of sample data
    timeline = Timeline(now - timedelta(days=story.days), now, random)
    return _Playback(story, cast, timeline).play()


def _files(names: Sequence[str]) -> list[NewFile]:
    return [NewFile(name=name, content=content_of(name), content_id=name) for name in names]


class _Playback:
    """One story on its way."""

    def __init__(self, story: Story, cast: Cast, timeline: Timeline) -> None:
        self.story = story
        self.cast = cast
        self.timeline = timeline
        self.tasks: dict[str, Task] = {}

    def play(self) -> Ticket:
        self.ticket = self._open()
        for step in self.story.steps:
            self._take(step, self.timeline.next(step.days_later))
        self._become_overdue()
        return self.ticket

    def _open(self) -> Ticket:
        story, cast = self.story, self.cast
        moment = self.timeline.moment
        source = TicketSource(story.source)
        user = cast.users[story.by]
        new = NewTicket(
            origin=Origin.STAFF if story.opened_by else ORIGINS[source],
            message=as_html(story.text),
            subject=story.subject,
            user=user,
            topic=cast.topics[story.topic],
            department=cast.departments[story.department],
            priority=cast.priorities[story.priority],
            mailbox=self._mailbox() if source is TicketSource.EMAIL else None,
            source=source,
            duedate=moment + timedelta(hours=story.due) if story.due else None,
            files=_files(story.files),
            collaborators=[cast.users[key] for key in story.copies],
        )
        actor = self._agent(story.opened_by) if story.opened_by else Actor.for_user(user)
        return create_ticket(new, actor=actor, now=moment)

    def _mailbox(self) -> EmailAddress:
        return EmailAddress.objects.get(pk=configuration.current().integer("default_email_id"))

    def _agent(self, key: str) -> Actor:
        return Actor.for_agent(self.cast.agents[key])

    def _become_overdue(self) -> None:
        due = self.ticket.duedate
        if due is not None and due < self.timeline.end:
            noticed = min(max(due, self.timeline.moment) + timedelta(minutes=5), self.timeline.end)
            mark_overdue(self.ticket, actor=Actor.system(), now=noticed)

    @singledispatchmethod
    def _take(self, step: Step, moment: datetime) -> None:
        raise TypeError(f"unknown step {step!r}")

    @_take.register
    def _says(self, step: Says, moment: datetime) -> None:
        user = self.cast.users[step.who or self.story.by]
        post_message(
            self.ticket,
            actor=Actor.system(),  # as by mail: who writes for the first time takes part only then
            user=user,
            body=as_html(step.text),
            files=_files(step.files),
            source=TicketSource.EMAIL if self.story.source == TicketSource.EMAIL else TicketSource.WEB,
            now=moment,
        )

    @_take.register
    def _replies(self, step: Replies, moment: datetime) -> None:
        posted = post_reply(
            self.ticket,
            actor=self._agent(step.agent),
            body=as_html(step.text),
            files=_files(step.files),
            status=self.cast.statuses[step.status] if step.status else None,
            now=moment,
        )
        if posted.status_refusal is not None:
            raise posted.status_refusal

    @_take.register
    def _notes(self, step: Notes, moment: datetime) -> None:
        post_note(
            self.ticket,
            actor=self._agent(step.agent),
            body=as_html(step.text),
            title=step.title,
            files=_files(step.files),
            now=moment,
        )

    @_take.register
    def _claims(self, step: Claims, moment: datetime) -> None:
        claim_ticket(self.ticket, actor=self._agent(step.agent), now=moment)

    @_take.register
    def _assigns(self, step: Assigns, moment: datetime) -> None:
        assign_ticket(
            self.ticket,
            actor=self._agent(step.agent),
            agent=self.cast.agents.get(step.to),
            team=self.cast.teams.get(step.to),
            comments=step.comments,
            now=moment,
        )

    @_take.register
    def _closes(self, step: Closes, moment: datetime) -> None:
        status = self.cast.statuses[step.status]
        close_ticket(self.ticket, actor=self._agent(step.agent), status=status, comments=step.comments, now=moment)

    @_take.register
    def _reopens(self, step: Reopens, moment: datetime) -> None:
        reopen_ticket(self.ticket, actor=self._agent(step.agent), comments=step.comments, now=moment)

    @_take.register
    def _plans(self, step: Plans, moment: datetime) -> None:
        created = create_task(
            NewTask(
                department=self.ticket.dept,
                answers={"title": step.title},
                ticket=self.ticket,
                description=as_html(step.text),
                duedate=moment + timedelta(hours=step.due) if step.due else None,
                assign_to=self.cast.agents.get(step.to) or self.cast.teams.get(step.to),
            ),
            actor=self._agent(step.agent),
            now=moment,
        )
        if created.assign_refusal is not None:
            raise created.assign_refusal
        self.tasks[step.title] = created.task

    @_take.register
    def _finishes(self, step: Finishes, moment: datetime) -> None:
        posted = post_task_update(
            self.tasks[step.title],
            actor=self._agent(step.agent),
            body=as_html(step.text),
            status=TaskState.CLOSED,
            now=moment,
        )
        if posted.status_refusal is not None:
            raise posted.status_refusal
