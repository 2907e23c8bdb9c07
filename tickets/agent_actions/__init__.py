"""What agents do to tickets by a dialog: each action is a form, a service and a permission.

A new action is a subclass of `TicketAction` and a line in `registry.ACTIONS`; address, dialog, page without script,
menu entry, shortcut, errors, the check of what happened meanwhile and, where it wants it, the work on many tickets
follow.
"""
