"""The cases of `lifecycle.json`: a framework into which every area puts its operations.

A case is a base of rows, steps of a set-up, direct changes of rows, and one measured operation with what it answered,
which rows it changed and which mails it sent (osticket/tickets.md §17). To replay an operation, write one function in a
module `tests/conformance/adapters/lifecycle_<area>.py` (and name that module in `adapters/__init__.py`)::

    from tests.conformance.lifecycle.operations import Step, operation

    @operation("ticket.acquire_lock")
    def acquire_lock(step: Step) -> object:
        lock = acquire(step.world.ticket(step.args["ticket"]), agent=step.world.agent(step.args["staff"]))
        return {"lock_id": lock.pk}

    @operation("POST /scp/ajax.php/tickets/<id>/transfer")     # step.ids holds the numbers of the address
    @operation("POST /scp/tickets.php?id=<id> a=reply")        # pages are told apart by what the form does

* The same function serves set-ups and measured operations. It raises the DomainError of the service that refuses, and
  gives what the case's `result` holds (True, `{"ticket_id": 1}`); for addresses, where only success counts, anything.
* Ids are those of the cases: before each case the counters of the tables are set to where they stood (`base.py`).
* `step.args` is `args` or `body` of the case, with real numbers of tickets in place of `<number:1>`.

Each case then has a verdict per aspect (`verdict.py`): outcome, rows, due date, mails, mail texts. An aspect that waits
for another part of the house is an expected failure that must fail.
"""
