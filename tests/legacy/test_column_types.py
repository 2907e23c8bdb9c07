"""Two spellings of a column type, and which holds more."""

import pytest

from helpdesk.legacy.column_types import Fit, compare_column_types

SAME = [
    ("int(11) unsigned", "int unsigned"),
    ("int(10) unsigned", "int(11) unsigned"),
    ("INT(11)", "integer"),
    ("tinyint(1)", "tinyint(4)"),
    ("bigint(20) unsigned", "bigint unsigned"),
    ("varchar(64)", "varchar(64)"),
    ("char(1)", "varchar(1)"),
    ("char", "char(1)"),
    ("enum('a','b')", "enum('b','a')"),
    ("date", "date"),
    ("time", "time"),
    ("longblob", "longblob"),
]
WIDER = [
    ("bigint(20) unsigned", "int(11) unsigned"),
    ("bigint(20)", "int(11) unsigned"),
    ("int(11)", "tinyint(1)"),
    ("int(11)", "tinyint(3) unsigned"),
    ("varchar(255)", "varchar(60)"),
    ("text", "varchar(255)"),
    ("mediumtext", "text"),
    ("longtext", "mediumtext"),
    ("mediumblob", "blob"),
    ("datetime", "timestamp"),
    ("enum('a','b','c')", "enum('a','b')"),
]
OTHER = [
    ("int(11)", "varchar(11)"),
    ("varchar(19)", "datetime"),
    ("blob", "text"),
    ("enum('a')", "varchar(1)"),
    ("date", "datetime"),
    ("decimal(10,2)", "int(11)"),
    ("decimal(10,2)", "decimal(10,4)"),
    ("json", "text"),
    ("geometry", "text"),
    ("`odd", "text"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_type_spelled_differently(one: str, other: str) -> None:
    assert compare_column_types(one, other) is Fit.SAME
    assert compare_column_types(other, one) is Fit.SAME


@pytest.mark.parametrize(("wide", "narrow"), WIDER)
def test_a_wider_and_a_narrower_type(wide: str, narrow: str) -> None:
    assert compare_column_types(wide, narrow) is Fit.WIDER
    assert compare_column_types(narrow, wide) is Fit.NARROWER


@pytest.mark.parametrize(("found", "expected"), OTHER)
def test_another_type(found: str, expected: str) -> None:
    assert compare_column_types(found, expected) is Fit.OTHER


@pytest.mark.parametrize(
    ("found", "expected"), [("int(11)", "int(11) unsigned"), ("enum('Web','mail')", "enum('Web','Mail')")]
)
def test_neither_holds_the_other(found: str, expected: str) -> None:
    assert compare_column_types(found, expected) is Fit.NARROWER
    assert compare_column_types(expected, found) is Fit.NARROWER
