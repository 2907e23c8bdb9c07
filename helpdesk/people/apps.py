"""The Django app `hd_people`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PeopleConfig(AppConfig):
    """Departments, teams, agents, roles, end users, organizations."""

    name = "helpdesk.people"
    label = "hd_people"
    verbose_name = _("People")
