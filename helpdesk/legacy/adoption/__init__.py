"""Adoption: taking over a database that osTicket wrote, in place (docs/adopting.md).

`examination.examine` reads and judges, and writes nothing; `recording.record_adoption` writes our side tables when the
judgement allows it. Neither ever changes a table of osTicket's.
"""
