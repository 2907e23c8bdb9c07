"""What rows and columns of osTicket's tables are called on the pages of the administration.

The models keep the column's name. These names are set when the program starts and not in the models, because there
each would want a migration of a legacy table, if only on paper.
"""

from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.knowledge.models import Page
from helpdesk.people.models import Agent, Department
from tickets.models import HelpTopic


def call(model: type[Model], one: Any, many: Any, **columns: Any) -> None:
    """Name the rows of a table, one and many, and some of its columns."""
    model._meta.verbose_name, model._meta.verbose_name_plural = one, many
    for column, name in columns.items():
        field: Any = model._meta.get_field(column)
        field.verbose_name = name


call(
    Agent,
    _("agent"),
    _("agents"),
    dept=_("department"),
    email=_("e-mail address"),
    isactive=_("active"),
    isadmin=_("administrator"),
    lastlogin=_("last sign-in"),
    onvacation=_("on vacation"),
)
call(Department, _("department"), _("departments"), ispublic=_("public"))
call(Page, _("page"), _("pages"), isactive=_("active"), updated=_("updated"))
call(HelpTopic, _("help topic"), _("help topics"), ispublic=_("public"), dept=_("department"))
call(
    SystemLogEntry,
    _("line of the system log"),
    _("system log"),
    log=_("text"),
    log_type=_("level"),
    ip_address=_("address"),
    created=_("when"),
)
