"""Our own indexes on osTicket's tables: there on a fresh database, made and dropped by command, no difference."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.db import connection

from helpdesk.legacy import indexes
from helpdesk.legacy.indexes import LEGACY_INDEXES, LegacyIndex, missing_indexes, obsolete_indexes, outdated_indexes
from helpdesk.legacy.migration import LegacyIndexes
from helpdesk.legacy.models import Installation


def run(*arguments: str) -> str:
    """Run the command and give what it prints."""
    output = StringIO()
    call_command("legacy_indexes", *arguments, stdout=output)
    return output.getvalue()


def test_a_fresh_database_has_them(db: None) -> None:
    assert missing_indexes() == []
    lines = run().splitlines()
    assert len(lines) == len(LEGACY_INDEXES) + 1
    assert lines[-1] == f"All {len(LEGACY_INDEXES)} are there."


@pytest.mark.django_db(transaction=True)
def test_they_are_dropped_made_again_and_no_difference_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("--drop").splitlines()[-1] == f"{len(LEGACY_INDEXES)} dropped."
    try:
        assert missing_indexes() == list(LEGACY_INDEXES)
        assert (
            run().splitlines()[-1] == f"{len(LEGACY_INDEXES)} of {len(LEGACY_INDEXES)} are missing; --apply makes them."
        )
        assert run("--drop").splitlines()[-1] == "0 dropped."
        _migrate_adopted()
        assert missing_indexes() == list(LEGACY_INDEXES)
        _interrupt_after(2, monkeypatch)
        with pytest.raises(CommandError, match="The same command goes on"):
            run("--apply")
        monkeypatch.undo()
        assert missing_indexes() == list(LEGACY_INDEXES[2:])
    finally:
        last = run("--apply").splitlines()[-1]
    assert last.startswith(f"{len(LEGACY_INDEXES) - 2} made in ")
    assert last.endswith("2 were there before.")
    assert missing_indexes() == []
    output = StringIO()
    call_command("checkschema", verbosity=2, stdout=output)
    assert "hd_ticket" not in output.getvalue()


@pytest.mark.django_db(transaction=True)
def test_what_an_earlier_version_made_is_named_and_put_right() -> None:
    counts = next(index for index in LEGACY_INDEXES if index.name == "hd_ticket_counts")
    short = LegacyIndex(counts.name, counts.table, counts.columns[:6], "")
    unused = LegacyIndex("hd_ticket_once", "ticket", ("source", "created"), "")
    try:
        indexes.create_index(connection, short)
        indexes.create_index(connection, unused)
        assert missing_indexes() == []
        assert outdated_indexes() == [counts]
        assert [one.name for one in obsolete_indexes()] == [unused.name]
        lines = run().splitlines()
        assert [line.rpartition(": ")[2].partition(";")[0] for line in lines].count("of an earlier version") == 1
        assert lines[-1] == "2 are of an earlier version; --apply makes them anew or removes them."
        (found,) = run_checks(tags=[Tags.database], databases=["default"])
        assert "hd_ticket_counts, hd_ticket_once" in found.msg
        assert "legacy_indexes --apply" in str(found.hint)
    finally:
        run("--apply")
    assert (outdated_indexes(), obsolete_indexes(), missing_indexes()) == ([], [], [])
    assert run_checks(tags=[Tags.database], databases=["default"]) == []


def _migrate_adopted() -> None:
    """The migration leaves an adopted database alone."""
    Installation.objects.update(origin=Installation.Origin.ADOPTED)
    with connection.schema_editor() as editor:
        LegacyIndexes().database_forwards("hd_tickets", editor, apps, apps)  # type: ignore[arg-type]
    Installation.objects.update(origin=Installation.Origin.FRESH)


def _interrupt_after(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    really_execute = indexes._execute

    def execute(*arguments: object) -> None:
        if len(made) == number:
            raise KeyboardInterrupt
        made.append(str(arguments[-1]))
        really_execute(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(indexes, "_execute", execute)
