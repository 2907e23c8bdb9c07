"""Dynamic forms, answers, lists and their cdata tables."""
