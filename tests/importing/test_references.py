"""Every reference of osTicket's tables, those too that no model declares: what leads nowhere is named, no more."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpdesk.legacy.copying.shapes import ColumnKind, legacy_shapes
from helpdesk.legacy.importing.references import CONTENT, Reference, all_references, parents_first
from tests.importing.conftest import NAME, Import, MakeTarget
from tests.importing.databases import MariaDatabase, manage

pytestmark = pytest.mark.servers

NOWHERE = 4799
FIRST_ROW = 900_000
# The only row of the reference database that refers to nothing: an event of a ticket that osTicket itself deleted.
UNDAMAGED = {("thread_event", "1168", "thread_id", "4 is no row of ost_thread; kept, and read as none")}
NO_REFERENCES = {
    ("email_account", "auth_id"),  # names a way of signing in
    ("form", "pid"),
    ("note", "pid"),  # osTicket uses neither
    ("form_entry_values", "value_id"),  # of a choice, in whichever list its field has
    ("session", "session_id"),
    ("session", "user_id"),  # not copied
    ("file_chunk", "chunk_id"),  # counts
}
REFERENCES = [reference for references in all_references().values() for reference in references]
NAMED = [reference for reference in REFERENCES if not (reference.is_memory or reference.is_digest)]


def identified(reference: Reference) -> str:
    """Name a reference in the list of tests."""
    kind = "".join(reference.type_values) or reference.begins or reference.text_before
    return f"{reference.table}.{reference.column}-{kind}-{reference.target}"


def row_with(reference: Reference, number: int, place: int) -> dict[str, Any]:
    """Give a row of its table with this id in the column of the reference and nothing else."""
    row: dict[str, Any] = dict.fromkeys(legacy_shapes()[reference.table].key, FIRST_ROW + place)
    if reference.table == "_search":
        row["object_id"] = NOWHERE
    if reference.type_column:
        kinds = {"namespace": f"{reference.begins}{place}"}
        row[reference.type_column] = (reference.type_values or (kinds.get(reference.type_column, ""),))[0]
    after = "}" if reference.text_before.startswith("{") else ""
    row[reference.column] = f"{reference.text_before}{number}{after}" if reference.is_text else number
    return row


def insert(database: MariaDatabase, reference: Reference, number: int, place: int) -> tuple[str, ...]:
    """Put such a row into osTicket; give its key."""
    row = row_with(reference, number, place)
    unique = database.execute(
        "SELECT s.column_name, c.data_type FROM information_schema.statistics s JOIN information_schema.columns c"
        " USING (table_schema, table_name, column_name)"
        " WHERE table_schema = DATABASE() AND table_name = %s AND non_unique = 0 AND index_name <> 'PRIMARY'",
        [f"ost_{reference.table}"],
    )
    for column, kind in unique:
        row.setdefault(column, f"only {place}" if "char" in kind else place)
    columns, marks = ", ".join(f"`{column}`" for column in row), ", ".join(["%s"] * len(row))
    database.execute(
        f"INSERT IGNORE INTO `ost_{reference.table}` ({columns}) VALUES ({marks})",  # noqa: S608
        list(row.values()),
    )
    return tuple(str(row[name]) for name in legacy_shapes()[reference.table].key)


@pytest.fixture(scope="session")
def dangling_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[tuple[str, str, str, str]]]:
    """Import osTicket with one row more for each reference, which leads nowhere; give what was noted."""
    database = MariaDatabase(f"{NAME}_references", "CHARACTER SET utf8mb3").load()
    target = MariaDatabase(f"{NAME}_references_in")
    target.create()
    keys = {}
    for place, reference in enumerate(NAMED):
        keys[reference] = ", ".join(insert(database, reference, NOWHERE, place))
    directory = tmp_path_factory.mktemp("references")
    done = manage(
        target.url, "import_osticket", database.url, "--report", directory / "report", data_directory=directory
    )
    assert done.returncode in (0, 2), done.stdout + done.stderr
    lines = [json.loads(line) for line in (directory / "report").read_text(encoding="utf-8").splitlines()]
    yield {(line["table"], line["row"], line["column"], line["why"]) for line in lines}
    database.drop()
    target.drop()


@pytest.mark.parametrize("reference", NAMED, ids=identified)
def test_a_row_that_leads_nowhere_is_named(
    reference: Reference, dangling_everywhere: set[tuple[str, str, str, str]]
) -> None:
    row = row_with(reference, NOWHERE, NAMED.index(reference))
    key = ", ".join(str(row[name]) for name in legacy_shapes()[reference.table].key)
    why = f"{NOWHERE} is no row of ost_{reference.target}; kept, and read as none"
    assert (reference.table, key, reference.column, why) in dangling_everywhere


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
def test_of_what_osticket_itself_leaves_behind_nothing_more_is_named(
    engine: str, osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    assert run_import(make_target(engine), osticket)[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]
    assert {(line["table"], line["row"], line["column"]) for line in lines} == {row[:3] for row in UNDAMAGED}


def test_every_column_of_ids_is_declared() -> None:
    """A column that looks like a reference is one, or it is said why not."""
    declared = {(reference.table, reference.column) for reference in REFERENCES}
    for name, shape in legacy_shapes().items():
        for column in shape.columns:
            own = shape.key == (column.name,)
            looks_like = column.kind is ColumnKind.INTEGER and (column.name.endswith("_id") or column.name == "pid")
            assert not looks_like or own or (name, column.name) in declared | NO_REFERENCES, (name, column.name)


def test_what_osticket_means_otherwise_is_no_reference() -> None:
    by_column = {
        (r.table, r.column, r.target): r for r in REFERENCES if (r.table, r.column) != ("attachment", "object_id")
    }
    agent, user = by_column["draft", "staff_id", "staff"], by_column["draft", "staff_id", "user"]
    assert [agent.number(value) for value in (None, 0, 2147483648, 5)] == [0, 0, 0, 5]
    assert [r.applies("ticket.client.5") for r in (agent, user)] == [False, True]
    assert [r.applies("ticket.response.5") for r in (agent, user)] == [True, False]
    note = by_column["note", "ext_id", "user"]
    assert [note.number(value) for value in (None, "", "U", "O5", "U5", "U5x")] == [0, 0, 0, 0, 5, 0]
    assert by_column["draft", "namespace", "content"].number("page.3.de") == 3


def test_parents_come_before_those_who_refer_to_them() -> None:
    ordered = parents_first(list(legacy_shapes()))
    assert sorted(ordered) == sorted(legacy_shapes())
    for reference in REFERENCES:
        if reference.target in CONTENT and reference.target != reference.table and reference.table != "user":
            assert ordered.index(reference.target) < ordered.index(reference.table), reference
    assert ordered.index("user") < ordered.index("user_email")
