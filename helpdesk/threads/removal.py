"""What goes when a ticket or task is deleted; what becomes of writings of people (osticket/tickets.md §15)."""

from helpdesk.files.models import Attachment
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.mails import remove_mails
from helpdesk.threads.models import Collaborator, Referral, Thread, ThreadEntry, ThreadEvent

_SLICE = 500


def release_agent(agent: Agent) -> None:
    """Let his entries keep his name and forget his number."""
    name = f"{agent.firstname or ''} {agent.lastname or ''}".strip() or agent.username
    ThreadEntry.objects.filter(staff=agent).update(staff=None, poster=name)


def release_user(user: EndUser) -> None:
    """End his collaborations, of which osTicket leaves rows without a person; his entries keep name and number."""
    Collaborator.objects.filter(user=user).delete()


def delete_thread(thread: Thread) -> None:
    """Delete a thread with its entries, their attachments, collaborators and referrals (osticket/tickets.md §15.1).

    What happened in it stays in the statistics, without thread. Mails stay known by their Message-ID, without their
    headers and originals. Files that nothing holds any more go with the job for orphans. Runs in the transaction of
    the deletion.
    """
    entries = ThreadEntry.objects.filter(thread=thread)
    ids = list(entries.values_list("pk", flat=True))
    for start in range(0, len(ids), _SLICE):
        some = ids[start : start + _SLICE]
        Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, object_id__in=some).delete()
        remove_mails(some)
    entries.delete()
    Collaborator.objects.filter(thread=thread).delete()
    Referral.objects.filter(thread=thread).delete()
    ThreadEvent.objects.filter(thread=thread).update(thread=None)
    Thread.objects.filter(pk=thread.pk).delete()
