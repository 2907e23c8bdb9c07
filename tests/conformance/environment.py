"""The environment in which the cases were recorded, where it is not the default of the test run."""

HELPDESK_URL = "http://127.0.0.1:8080/"

# Not recorded but ours: high enough that osTicket's cost 8 counts as weak, low enough for hundreds of cases.
# tests/legacy/test_passwords.py checks that the cost is 12 outside of tests.
PASSWORD_COST = 9
