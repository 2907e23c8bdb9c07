"""Signals of this package; sign-ins, failures and sign-outs are Django's own (`user_logged_in` and its siblings)."""

from django.dispatch import Signal

excessive_sign_in_attempts = Signal()
"""Sent once per pause with `userid` and `ip_address`; the setting `send_login_errors` says whether mail is wanted."""
