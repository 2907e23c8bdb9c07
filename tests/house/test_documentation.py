"""What README and the administration guide promise exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from helpdesk.schedule import RECURRING_JOBS

pytestmark = pytest.mark.once

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("**/*.md"))]
PACKAGES = ("helpdesk", "tickets", "tasks", "sla", "filters", "mailfetch")
SECRET_READERS = {"secret", "secret_address", "remembered_secret"}
READERS = {"text", "boolean", "integer", "choice", "matching", "time_zone", "word_list", "host_names"} | SECRET_READERS


def variables_read() -> Iterator[str]:
    """Give every environment variable that the program reads, with the `_FILE` name of secrets."""
    commands = (REPOSITORY / "helpdesk").glob("*/management/commands/*.py")
    for path in [*(REPOSITORY / "helpdesk").glob("*.py"), *commands]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            name = node.args[0].value
            if function in READERS and isinstance(name, str) and name.isupper():
                yield name
                if function in SECRET_READERS:
                    yield f"{name}_FILE"


def variables_documented() -> list[str]:
    """Give the variables of the tables' first column."""
    page = (REPOSITORY / "docs" / "administration.md").read_text()
    cells = re.findall(r"^\| (`[A-Z][^|]*) \|", page, re.M)
    return [name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)]


def make_targets() -> set[str]:
    """Give the commands of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), re.M))


def test_every_variable_is_documented_once_and_none_too_many() -> None:
    documented = variables_documented()
    assert sorted(documented) == sorted(set(variables_read()))


def test_only_the_settings_read_the_environment() -> None:
    offenders = [
        str(path.relative_to(REPOSITORY))
        for folder in PACKAGES
        for path in (REPOSITORY / folder).rglob("*.py")
        if re.search(r"os\.(environ(\.get)?|getenv)[\[(]", path.read_text())
    ]
    assert offenders == ["helpdesk/environment.py"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_of_the_pages_exists(page: Path) -> None:
    named = set(re.findall(r"(?:`|\n|\b[A-Z_]+=\S+ )make ([a-z][a-z-]*)", page.read_text()))
    assert named - make_targets() == set()


def test_the_two_commands_are_in_the_readme() -> None:
    assert {"make run", "make test"} <= set((REPOSITORY / "README.md").read_text().splitlines())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_management_command_of_the_pages_exists(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", page.read_text()))
    assert named - get_commands().keys() == set()


def test_every_management_command_is_listed() -> None:
    own = {name for name, app in get_commands().items() if str(app).startswith(PACKAGES)}
    page = (REPOSITORY / "docs" / "administration.md").read_text()
    assert own - set(re.findall(r"^\| `manage\.py (\w+)", page, re.M)) == set()


def test_every_recurring_job_is_listed_and_none_too_many() -> None:
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    table = page.partition("## Recurring jobs")[2].partition("### ")[0]
    cells = re.findall(r"^\| ([a-zA-Z ,]+) \|", table, re.M)
    assert sorted(name for cell in cells[1:] for name in cell.split(", ")) == sorted(RECURRING_JOBS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text()) + re.findall(
        r"(?:src|srcset)=\"([^\"]+)\"", page.read_text()
    )
    dead = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert dead == []


def test_make_alone_lists_every_command_that_is_described() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = re.search(r"\.PHONY: ((?:.*\\\n)*.*)", makefile)
    assert phony is not None
    assert make_targets() == set(phony[1].replace("\\", " ").split())
