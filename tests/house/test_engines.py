"""Which tests run with each engine: those that may read or write rows."""

import pytest

from tests.engines import asks_for_database, runs_once


@pytest.fixture
def rows(db: None) -> None:
    """Stand for the fixtures that make rows."""


def test_one_that_asks_for_no_database_runs_once(request: pytest.FixtureRequest) -> None:
    assert not asks_for_database(request.node)
    assert runs_once(request.node, set())


def test_one_that_asks_through_a_fixture_runs_with_each(rows: None, request: pytest.FixtureRequest) -> None:
    assert asks_for_database(request.node)
    assert not runs_once(request.node, set())


@pytest.mark.django_db
def test_one_with_the_mark_runs_with_each_unless_it_says_nothing_about_the_engine(
    request: pytest.FixtureRequest,
) -> None:
    assert asks_for_database(request.node)
    assert not runs_once(request.node, {"django_db"})
    assert runs_once(request.node, {"django_db", "once"})


@pytest.mark.parametrize("mark", ["mysql", "servers"])
def test_what_brings_servers_of_its_own_has_its_own_rule(mark: str, request: pytest.FixtureRequest) -> None:
    assert not runs_once(request.node, {mark})


class NoFunction(pytest.Item):
    """Stand for items of other kinds, of which nobody knows what they use."""

    def runtest(self) -> None:
        """Do nothing."""


def test_an_item_that_is_no_function_runs_with_each(request: pytest.FixtureRequest) -> None:
    assert asks_for_database(NoFunction.from_parent(request.node.parent, name="other"))
