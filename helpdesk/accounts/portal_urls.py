"""Addresses at the end users' door, in the namespace `portal`; those in `.php` are osTicket's."""

from django.urls import path

from helpdesk.accounts import user_views

urlpatterns = [
    path("login.php", user_views.sign_in, name="sign_in"),
    path("logout.php", user_views.sign_out, name="sign_out"),
    path("pwreset.php", user_views.reset, name="password_reset"),
    path("account/", user_views.profile, name="profile"),
    path("account/new/", user_views.register, name="register"),
    path("account.php", user_views.legacy_account),
    path("profile.php", user_views.legacy_account),
]
