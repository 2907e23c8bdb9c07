"""The audit trail: who changed what in the administration, when, from where, and what it was before."""
