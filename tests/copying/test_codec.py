"""A row as bytes and back, and the sum of rows."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.legacy.copying.codec import DamagedRows, RowSum, read_row, row_encoder
from helpdesk.legacy.copying.shapes import ColumnKind, ColumnShape, TableShape

pytestmark = pytest.mark.once

CHUNK = TableShape(
    "chunk",
    is_legacy=True,
    columns=(
        ColumnShape("id", ColumnKind.INTEGER),
        ColumnShape("name", ColumnKind.TEXT),
        ColumnShape("content", ColumnKind.BYTES),
        ColumnShape("preview", ColumnKind.BYTES),
    ),
    key=("id",),
)
rows_of_chunks = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**64), st.none() | st.text(), st.none() | st.binary(), st.none() | st.binary()
    ).map(list)
)


@given(rows_of_chunks)
def test_rows_come_back_as_they_were(rows: list[list[Any]]) -> None:
    encode = row_encoder(CHUNK)
    stream = io.BytesIO(b"".join(map(encode, rows)))
    read = []
    while (found := read_row(stream, CHUNK)) is not None:
        row, encoded = found
        assert encoded == encode(row)
        read.append(row)
    assert read == rows


def test_the_form_is_the_one_that_backups_have() -> None:
    """Old backups must stay readable and their sums equal: this never changes."""
    encode = row_encoder(CHUNK)
    assert encode([7, "a\u20acb\n", b"x\x00y", None]) == b'[7,"a\\u20acb\\n",{"bytes":3},null]\nx\x00y'
    total = RowSum()
    total.add(encode([7, "a\u20acb\n", b"x\x00y", None]))
    assert str(total) == "236706717d8989d8d9428cb28bc05980"


@given(st.lists(st.binary()), st.lists(st.binary()), st.randoms())
def test_the_sum_knows_rows_but_no_order(some: list[bytes], others: list[bytes], chance: Any) -> None:
    def total(rows: list[bytes]) -> RowSum:
        result = RowSum()
        for row in rows:
            result.add(row)
        return result

    mixed = [*some, *others]
    chance.shuffle(mixed)
    assert total(mixed) == total(some) + total(others)
    assert total(mixed) - total(others) == total(some)
    assert RowSum(str(total(mixed))) == total(mixed)
    assert hash(total(mixed)) == hash(total(some) + total(others))


def test_two_equal_rows_are_not_none() -> None:
    """An exclusive or would forget pairs."""
    once, twice = RowSum(), RowSum()
    once.add(b"row")
    twice.add(b"row")
    twice.add(b"row")
    assert len({RowSum(), once, twice}) == 3


@pytest.mark.parametrize(
    "damaged",
    [
        b"no json\n",
        b"[1,2]\n",
        b'[1,"a",null,null]',
        b'{"id":1}\n',
        b'[1,"a",{"bytes":3},null]\nab',
        b'[1,"a",{"bytes":-3},null]\nab',
        b'[1,"a","text",null]\n',
    ],
)
def test_bytes_that_are_no_rows_are_refused(damaged: bytes) -> None:
    with pytest.raises(DamagedRows, match="chunk: "):
        read_row(io.BytesIO(damaged), CHUNK)


def test_the_end_is_no_damage() -> None:
    assert read_row(io.BytesIO(b""), CHUNK) is None
