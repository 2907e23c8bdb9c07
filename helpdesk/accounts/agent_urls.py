"""Addresses at the agents' door, below `/scp/` and in the namespace `agent`; sign-in and -out are osTicket's."""

from django.urls import path

from helpdesk.accounts import agent_views

urlpatterns = [
    path("login.php", agent_views.sign_in, name="sign_in"),
    path("logout.php", agent_views.sign_out_page, name="sign_out"),
    path("pwreset.php", agent_views.reset, name="password_reset"),
    path("password/", agent_views.password, name="password"),
]
