"""What a variable that a template asks for in vain does to a test."""

import pytest
from django.template import Context, Template


def rendered() -> str:
    return Template("{{ gone|default:'nothing' }}").render(Context())


def test_it_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="Undefined template variable 'gone'"):
        rendered()


@pytest.mark.ignore_template_errors
def test_it_is_nothing_where_foreign_templates_may_ask_for_it() -> None:
    """As in a help desk, where a filter makes something of it."""
    assert rendered() == "nothing"


def test_it_fails_the_next_test_again() -> None:
    with pytest.raises(pytest.fail.Exception):
        rendered()
