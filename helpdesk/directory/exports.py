"""Tables of the directory to download."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from helpdesk.directory import selectors
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.exports.cells import Cell
from helpdesk.exports.files import Table
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.people.models import EndUser

SLICE = 500


def report_table(found: UserImport) -> Table:
    """Give what became of each row of an import."""
    headings = [_("Line"), _("Outcome"), _("E-mail address"), _("User number"), _("Column"), _("Reason")]

    def rows() -> Iterator[Sequence[Cell]]:
        for row in found.rows.order_by("pk").iterator():
            outcome = UserImportRow.Outcome(row.outcome).label
            yield [row.number, outcome, row.address, row.user_id, row.column, row.reason]

    return Table(_("Import"), headings, rows())


def users_table(users: QuerySet[EndUser]) -> Table:
    """Give users with what lists ask for, in the order of their ids; each slice costs three queries."""
    headings = [_("Name"), _("E-mail address"), _("Organization"), _("Phone Number"), _("Account"), _("Created")]

    def rows() -> Iterator[Sequence[Cell]]:
        last = 0
        while found := list(users.filter(pk__gt=last).order_by("pk")[:SLICE]):
            last = found[-1].pk
            ids = [user.pk for user in found]
            answers = cdata.fetch(EntryObject.USER, ids, ["phone"])
            states = selectors.account_states(ids)
            for user in found:
                address = user.default_email.address if user.default_email else ""
                organization = user.org.name if user.org else ""
                phone = answers.get(user.pk, {}).get("phone") or ""
                state = states.get(user.pk, str(selectors.GUEST))
                yield [user.name, address, organization, phone, state, user.created]

    return Table(_("Users"), headings, rows())
