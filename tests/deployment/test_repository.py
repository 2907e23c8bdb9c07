"""What a stranger reads and what GitHub runs: complete, pinned, and naming commands that exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.deployment.dockerfile import REPOSITORY, build_context

pytestmark = pytest.mark.once

GITHUB = REPOSITORY / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md")), *sorted(GITHUB.glob("*.md"))]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


OUR_COMMAND = re.compile(
    r"(?:sudo )?(?:ostler|ostler-manage|docker compose run --rm(?: --no-deps)? web|manage\.py) ([a-z_]+)"
)


def code(text: str) -> list[str]:
    """Give the lines of code blocks and the words between backticks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)


def by_name(path: Path) -> str:
    return path.name


def load(path: Path) -> dict[Any, Any]:
    """Read a file of YAML; the key `on` of workflows reads as True."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """Give the steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), re.M))


@pytest.mark.parametrize("path", WORKFLOWS, ids=by_name)
def test_every_action_is_pinned_to_a_commit_with_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)$", path.read_text(), re.M)
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []


def test_one_action_has_one_version_everywhere() -> None:
    used = [line for path in WORKFLOWS for line in re.findall(r"uses: (.*)$", path.read_text(), re.M)]
    assert len({line.partition("@")[0] for line in used}) == len(set(used))


@pytest.mark.parametrize("path", WORKFLOWS, ids=by_name)
def test_a_workflow_may_do_little_and_not_for_ever(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"]
    assert "pull_request_target" not in workflow[True]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        assert job.get("permissions", {}).get("contents", "read") == "read"
    checkouts = [step for step in steps(workflow) if "actions/checkout" in step.get("uses", "")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=by_name)
def test_text_of_others_is_never_part_of_a_command(path: Path) -> None:
    """A title or a branch name inside `run` would be executed."""
    assert [step["run"] for step in steps(load(path)) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=by_name)
def test_what_a_workflow_runs_exists(path: Path) -> None:
    commands = "\n".join(step["run"] for step in steps(load(path)) if "run" in step)
    assert set(re.findall(r"make ([a-z-]+)", commands)) <= make_targets()
    for script in re.findall(r"^(\.?[\w/-]+/[\w-]+)$", commands, re.M):
        assert (REPOSITORY / script).exists()


@pytest.mark.parametrize("path", [*WORKFLOWS, GITHUB / "dependabot.yml"], ids=by_name)
def test_it_says_that_it_never_ran(path: Path) -> None:
    """To be taken away, file by file, when it did."""
    comments = " ".join(line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#"))
    assert re.search(r"Never ran on GitHub yet", comments, re.I)


def test_the_tests_of_github_are_those_of_the_repository() -> None:
    everything = load(GITHUB / "workflows" / "ci.yml")["jobs"]["everything"]
    runs = [step for step in everything["steps"] if step.get("run") == ".ci/run"]
    assert "--cov" in runs[0]["env"]["ARGS"]
    uploads = [step for step in everything["steps"] if "upload-artifact" in step.get("uses", "")]
    assert uploads[0]["with"]["name"] == "coverage"
    tested = set(load(GITHUB / "workflows" / "ci.yml")["jobs"]["python"]["strategy"]["matrix"]["python"])
    claimed = {line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line}
    assert tested | {"3.11"} == claimed


def test_the_image_is_built_for_two_processors_and_scanned_before() -> None:
    jobs = load(GITHUB / "workflows" / "image.yml")["jobs"]
    assert jobs["publish"]["needs"] == "scan"
    (build,) = [step for step in jobs["publish"]["steps"] if "build-push-action" in step.get("uses", "")]
    assert build["with"]["platforms"] == "linux/amd64,linux/arm64"
    scans = [step for step in jobs["scan"]["steps"] if "trivy-action" in step.get("uses", "")]
    assert scans[-1]["with"]["exit-code"] == "1"


def test_the_image_is_built_at_every_change_of_what_goes_into_it() -> None:
    """Of requests and of main alike; GitHub does not ask the paths for tags."""
    workflow = load(GITHUB / "workflows" / "image.yml")
    push, request = workflow[True]["push"], workflow[True]["pull_request"]
    assert (push["branches"], push["tags"], push["paths"]) == (["main"], ["v*"], request["paths"])
    scan = workflow["jobs"]["scan"]
    assert "if" not in scan
    assert "needs" not in scan
    patterns = request["paths"]
    makers = [".dockerignore", "docker/Dockerfile", ".github/workflows/image.yml"]
    files = [*build_context(), *makers]
    assert [name for name in files if not any(_is_under(pattern, name) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(_is_under(pattern, name) for name in files)] == []


def _is_under(pattern: str, name: str) -> bool:
    """Tell whether a path filter of ours, a file or a whole directory, names the file."""
    folder = pattern.removesuffix("**")
    return name == pattern or (folder != pattern and name.startswith(folder))


def test_dependabot_looks_where_there_is_something() -> None:
    updates = {entry["package-ecosystem"]: entry["directory"] for entry in load(GITHUB / "dependabot.yml")["updates"]}
    assert updates == {"github-actions": "/", "docker": "/docker", "docker-compose": "/docker", "pip": "/requirements"}


@pytest.mark.parametrize("name", ["bug.yml", "idea.yml"])
def test_an_issue_form_asks_something_and_no_question_twice(name: str) -> None:
    form = load(GITHUB / "ISSUE_TEMPLATE" / name)
    assert {"name", "description", "body"} <= form.keys()
    questions = [entry["id"] for entry in form["body"] if entry["type"] != "markdown"]
    assert len(questions) == len(set(questions)) >= 2
    assert any(entry.get("validations", {}).get("required") for entry in form["body"])


@pytest.mark.parametrize(
    ("name", "headings"),
    [
        ("SECURITY.md", ["Report a vulnerability", "Supported versions", "What is trusted, and what is not"]),
        ("CONTRIBUTING.md", ["Set up", "Read first", "Commits and pull requests", "Release"]),
        ("CHANGELOG.md", ["Unreleased"]),
        ("docs/install.md", ["One machine with systemd", "Behind nginx", "Docker Compose"]),
        ("docs/upgrade.md", ["systemd", "Docker Compose", "The way back"]),
        ("docs/operations.md", ["Processes", "Health", "Logs", "What to watch"]),
    ],
)
def test_the_pages_have_what_people_look_for(name: str, headings: list[str]) -> None:
    present = re.findall(r"^## (.+)$", (REPOSITORY / name).read_text(), re.M)
    assert [heading for heading in headings if heading not in present] == []


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_link_and_every_command_of_a_page_exists(page: Path) -> None:
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.M)) <= make_targets()
    assert {line[1] for line in map(OUR_COMMAND.match, code(text)) if line} - get_commands().keys() == set()


def test_the_install_guide_names_the_version_of_this_tree() -> None:
    assert f"/opt/ostler-{PROJECT['version']}" in (REPOSITORY / "docs" / "install.md").read_text()
