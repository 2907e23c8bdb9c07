"""The Django app `hd_forms`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FormsConfig(AppConfig):
    """Dynamic forms, answers, lists and their cdata tables."""

    name = "helpdesk.forms"
    label = "hd_forms"
    verbose_name = _("Forms")

    def ready(self) -> None:
        """Save the forms of users and organizations; forget what is kept of forms when one changes."""
        from django.db.models.signals import post_delete, post_save

        from helpdesk.forms import contact_form
        from helpdesk.forms.cdata import forget_columns, refresh_after_texts_put_back
        from helpdesk.forms.models import Form, FormAnswer, FormField
        from helpdesk.forms.uploads import forget_message_field
        from helpdesk.legacy.originals import texts_put_back
        from helpdesk.people.contact_form import register_organization_writer, register_writer
        from helpdesk.people.removal import when_organization_goes, when_user_goes

        register_writer(contact_form.save_contact_answers)
        register_organization_writer(contact_form.save_organization_answers)
        when_user_goes(contact_form.remove_contact_answers)
        when_organization_goes(contact_form.remove_organization_answers)
        texts_put_back.connect(refresh_after_texts_put_back, sender=FormAnswer, dispatch_uid="forms.put_back")
        for model in (Form, FormField):
            for changed in (post_save, post_delete):
                changed.connect(forget_columns, sender=model, dispatch_uid=f"forms.columns.{model.__name__}")
                changed.connect(forget_message_field, sender=model, dispatch_uid=f"forms.message.{model.__name__}")
