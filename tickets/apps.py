"""The Django app `hd_tickets`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TicketsConfig(AppConfig):
    """Tickets, queues and the pages that show them."""

    name = "tickets"
    label = "hd_tickets"
    verbose_name = _("Tickets")

    def ready(self) -> None:
        """Give forms, filters and queues what needs tickets, the files their gate, and forget what has changed."""
        from tickets import criteria_fields, filter_actions, form_fields  # noqa: F401
        from tickets.criteria import KEYWORDS, register_field
        from tickets.draft_owners import register_namespaces
        from tickets.following import register as follow_tickets
        from tickets.number_register import note_now_and_then
        from tickets.search.box import KeywordsKind
        from tickets.signals import ticket_created

        register_field(KEYWORDS, KeywordsKind(), _("Words"))
        ticket_created.connect(note_now_and_then, dispatch_uid="tickets.numbers")

        register_namespaces()
        self._speak_in_mails()
        self._name_topics()
        self._let_go()
        self._keep_search_in_step()
        follow_tickets()
        self._guard_files()
        self._forget_changes()

    def _speak_in_mails(self) -> None:
        from helpdesk.mail.variables import register_root
        from helpdesk.mail.variables.people import DepartmentVariable
        from helpdesk.mail.variables.roots import register_recipient
        from tickets.mail_variables import participant, plan_of_department, ticket_root

        register_root("ticket", ticket_root)
        register_recipient(participant)
        DepartmentVariable.more = staticmethod(plan_of_department)

    def _name_topics(self) -> None:
        from helpdesk.knowledge.registries import register_help_topics, register_page_uses
        from tickets.topic_choices import topics_for_faqs, topics_that_show

        register_help_topics(topics_for_faqs)
        register_page_uses(topics_that_show)

    def _let_go(self) -> None:
        from helpdesk.people.removal import (
            Belongings,
            register_belongings,
            when_agent_goes,
            when_department_goes,
            when_team_goes,
        )
        from sla.removal import when_plan_goes
        from tickets import filter_upkeep, removal

        filter_upkeep.connect()
        when_department_goes(removal.release_department)
        when_agent_goes(removal.release_agent)
        when_team_goes(removal.release_team)
        when_plan_goes(removal.release_plan)
        register_belongings(Belongings(removal.count_tickets, removal.check_tickets_deletable, removal.delete_tickets))

    def _keep_search_in_step(self) -> None:
        from django.db.models.signals import post_delete, post_migrate, post_save

        from helpdesk.forms.signals import answers_saved
        from helpdesk.knowledge.models import Faq
        from helpdesk.legacy.originals import texts_put_back
        from helpdesk.people.models import UserEmail
        from helpdesk.people.signals import organization_deleted, organization_saved, user_deleted, user_saved
        from helpdesk.threads.models import ThreadEntry
        from tickets.search import upkeep

        for model in (ThreadEntry, Faq):
            post_save.connect(upkeep.row_saved, sender=model, dispatch_uid=f"tickets.search.{model.__name__}")
            post_delete.connect(upkeep.row_deleted, sender=model, dispatch_uid=f"tickets.search.{model.__name__}")
        for changed in (post_save, post_delete):
            changed.connect(upkeep.address_changed, sender=UserEmail, dispatch_uid="tickets.search.addresses")
        for signal in (user_saved, user_deleted):
            signal.connect(upkeep.user_changed, dispatch_uid="tickets.search.users")
        for signal in (organization_saved, organization_deleted):
            signal.connect(upkeep.organization_changed, dispatch_uid="tickets.search.organizations")
        answers_saved.connect(upkeep.answers_changed, dispatch_uid="tickets.search.answers")
        texts_put_back.connect(upkeep.texts_put_back, dispatch_uid="tickets.search.put_back")
        post_migrate.connect(upkeep.documents_emptied, sender=self, dispatch_uid="tickets.search.emptied")

    def _guard_files(self) -> None:
        from helpdesk.files.access import register_gate
        from helpdesk.forms.attached import register_answer_gate, register_object_gate
        from helpdesk.threads.access import register_thread_gate
        from helpdesk.threads.constants import ObjectType
        from tickets.gates import may_see_answer, may_see_canned, may_see_entry
        from tickets.prepared_answers import CANNED

        register_thread_gate(ObjectType.TICKET, may_see_entry)
        register_thread_gate(ObjectType.MERGED_TICKET, may_see_entry)
        register_gate(CANNED, may_see_canned)
        register_answer_gate()
        register_object_gate(ObjectType.TICKET, may_see_answer)

    def _forget_changes(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from tickets import intake, signals
        from tickets.models import RankingState
        from tickets.navigation import forget_counts
        from tickets.reference_data import TABLES, forget_ranking_state, forget_reference_data

        for changed in (post_save, post_delete):
            for model in TABLES:
                changed.connect(forget_reference_data, sender=model, dispatch_uid=f"tickets.reference.{model.__name__}")
            changed.connect(forget_ranking_state, sender=RankingState, dispatch_uid="tickets.reference.ranking")
        intake.forget_with_changes()
        for happened in signals.CHANGING_COUNTS:
            happened.connect(forget_counts, dispatch_uid="tickets.counts")
