"""What other apps hear of users and organizations, within the transaction of the change.

Search keeps its rows in step with them, plugins may listen too. Receivers get the row as keyword argument; of what is
deleted they get it just before it goes.
"""

from django.dispatch import Signal

user_saved = Signal()
user_deleted = Signal()
organization_saved = Signal()
organization_deleted = Signal()
