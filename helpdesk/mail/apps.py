"""The Django app `hd_mail`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailConfig(AppConfig):
    """Addresses and templates of outgoing mail."""

    name = "helpdesk.mail"
    label = "hd_mail"
    verbose_name = _("Outgoing mail")

    def ready(self) -> None:
        """Send mails; let go of departments that are deleted; write the mails about accounts."""
        from helpdesk.accounts.letters import register_letter_writer
        from helpdesk.accounts.signals import excessive_sign_in_attempts
        from helpdesk.mail import health  # noqa: F401 -- registers by being imported
        from helpdesk.mail.ahead import read_ahead
        from helpdesk.mail.connections import shared_connections
        from helpdesk.mail.delivery import send_mail, tell_administrator
        from helpdesk.mail.letters import write_account_mail
        from helpdesk.mail.outgoing import KIND
        from helpdesk.mail.removal import release_department
        from helpdesk.mail.sign_in_alerts import mail_excess
        from helpdesk.outbox.handlers import register_handler
        from helpdesk.people.removal import when_department_goes

        register_handler(
            KIND, send_mail, around_run=shared_connections, around_batch=read_ahead, tell=tell_administrator
        )
        excessive_sign_in_attempts.connect(mail_excess, dispatch_uid="mail.sign_in_alerts")
        when_department_goes(release_department)
        register_letter_writer(write_account_mail)
