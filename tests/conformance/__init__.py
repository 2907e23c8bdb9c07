"""Recorded behaviour of the real osTicket and of the services around it, replayed against this help desk.

* `cases/` holds the recorded cases, compressed. `$CONFORMANCE_CASES` names another folder of `*.json` or `*.json.gz`
  files to run instead; the adapters and rules are the same.
* `recorded.py` reads the files; every case has a file, an id and a kind.
* `registry.py` and `adapters/`: an adapter carries out one kind of case with our code and tells what happened.
* `comparison.py` compares that with what was recorded, by the rules under which the cases were made.
* `deviations.py` names where we differ from osTicket on purpose, why, and what must happen instead.
* `test_recorded_cases.py` runs one test per case that has an adapter; the terminal summary counts the others.
"""
