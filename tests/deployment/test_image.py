"""The image: what its Dockerfile promises, and its steps carried out in a clean directory (no Docker is needed)."""

import os
import re
import subprocess
import tomllib
import urllib.request
from pathlib import Path

import pytest

from tests.deployment.dockerfile import REPOSITORY, Instruction, build_context, copy_from_context, read_stages
from tests.house.desk import eventually, free_port

pytestmark = pytest.mark.once

BUILD, RUN = read_stages(REPOSITORY / "docker" / "Dockerfile")
INSTALL = "docker/install.sh "
SYSTEM = ("apt-get update && apt-get install --yes --no-install-recommends ", "groupadd ")
PREFIX = "/opt/ostler"


def test_both_stages_stand_on_one_image() -> None:
    assert BUILD.image == RUN.image == "python:${PYTHON}"


def test_it_runs_as_a_user_without_rights() -> None:
    (user,) = RUN.all("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user.value)
    names = [instruction.name for instruction in RUN.instructions]
    assert "RUN" not in names[names.index("USER") :]


def test_nothing_but_system_packages_and_the_tested_script_is_run() -> None:
    """So that the test below covers everything that is ours."""
    commands = [instruction.value for stage in (BUILD, RUN) for instruction in stage.all("RUN")]
    assert len(commands) == 5
    assert [command for command in commands if not command.startswith((INSTALL, *SYSTEM))] == []
    apt = [command for command in commands if command.startswith("apt-get")]
    assert all(command.endswith("&& rm -rf /var/lib/apt/lists/*") for command in apt)


def test_no_secret_is_given_to_the_build() -> None:
    values = [i.value for stage in (BUILD, RUN) for i in stage.instructions if i.name in {"ENV", "ARG"}]
    assert not re.search(r"SECRET|PASSWORD|KEY|TOKEN|SALT", " ".join(values))


def test_the_health_is_checked_and_signals_reach_the_program() -> None:
    (check,) = RUN.all("HEALTHCHECK")
    assert check.value.endswith('CMD ["python", "-I", "-S", "/opt/ostler/healthcheck.py"]')
    (entry,), (command,) = RUN.all("ENTRYPOINT"), RUN.all("CMD")
    assert [*entry.words, *command.words] == ["ostler", "serve", "--only", "web"]


def test_the_build_sees_the_program_and_nothing_private() -> None:
    context = build_context()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = {folder.partition("/")[0] for folder in project["tool"]["setuptools"]["package-dir"].values()}
    directories = {name.partition("/")[0] for name in context if "/" in name}
    assert directories == packages | {"docker", "requirements"}
    assert {name for name in context if "/" not in name} == {"LICENSE", "README.md", "pyproject.toml"}
    assert not [name for name in context if "__pycache__" in name or name.startswith("docker/secrets")]


class Image:
    """The directories that the Dockerfile makes, below a directory of the test instead of `/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = root / "data"

    def mapped(self, text: str) -> str:
        """Give a text of the Dockerfile with its directories moved below the root."""
        return re.sub(rf"({PREFIX}|/data|/source)\b", lambda match: f"{self.root}{match[0]}", text)

    def run(self, instruction: Instruction, directory: Path, environment: dict[str, str]) -> None:
        """Carry out a `RUN`."""
        command = ["sh", "-c", self.mapped(instruction.value)]
        subprocess.run(command, cwd=directory, env=os.environ | environment, check=True, timeout=900)

    def environment(self, **variables: str) -> dict[str, str]:
        """Give the environment of a container."""
        environment = {name: self.mapped(value) for name, value in RUN.environment().items()}
        environment["PATH"] = environment["PATH"].replace("$PATH", os.environ["PATH"])
        return environment | {"HOME": str(self.data)} | variables

    def start(self, *command: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start a container with the command."""
        entry = self.mapped(RUN.all("ENTRYPOINT")[0].words[0])
        return subprocess.Popen([entry, *command], cwd=self.data, env=self.environment(**variables))


def build(root: Path) -> Image:
    """Carry out the steps of both stages."""
    built = Image(root)
    source = Path(built.mapped(BUILD.all("WORKDIR")[0].value))
    for instruction in BUILD.instructions:
        if instruction.name == "COPY":
            copy_from_context(instruction, source)
        elif instruction.name == "RUN" and instruction.value.startswith(INSTALL):
            built.run(instruction, source, BUILD.environment())
    for instruction in RUN.all("COPY"):
        if instruction.words[0] != "--from=build":
            origin, target = instruction.words
            Path(built.mapped(target)).write_bytes((REPOSITORY / origin).read_bytes())
    built.data.mkdir()
    return built


def health(image: Image, port: int) -> int:
    """Run the health check of the image and give its status."""
    command = RUN.all("HEALTHCHECK")[0].value.partition("CMD ")[2]
    words = Instruction("CMD", image.mapped(command)).words
    return subprocess.run(words, env=image.environment(PORT=str(port)), check=False, timeout=120).returncode


@pytest.mark.network
def test_the_steps_make_a_server_that_answers(tmp_path: Path) -> None:
    """One test, because building takes a minute."""
    image = build(tmp_path)
    the_build_left_no_keys_behind(image)
    every_driver_is_there_and_no_installer(image)
    no_file_of_the_program_can_be_changed_by_its_user(image)
    it_is_not_installed_over(image)
    it_serves_pages_and_static_files(image)


def the_build_left_no_keys_behind(image: Image) -> None:
    names = {path.name for path in image.root.rglob("*")}
    assert not names & {"secret_key", "encryption_key", "secret_salt"}


def every_driver_is_there_and_no_installer(image: Image) -> None:
    python = image.mapped(f"{PREFIX}/bin/python")
    subprocess.run([python, "-c", "import MySQLdb, psycopg, redis"], check=True)
    for tool in ("pip", "setuptools", "pytest"):
        done = subprocess.run([python, "-c", f"import {tool}"], capture_output=True, text=True, check=False)
        assert f"No module named '{tool}'" in done.stderr


def no_file_of_the_program_can_be_changed_by_its_user(image: Image) -> None:
    prefix = Path(image.mapped(PREFIX))
    assert [path for path in prefix.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022] == []


def it_is_not_installed_over(image: Image) -> None:
    script = str(REPOSITORY / "docker" / "install.sh")
    done = subprocess.run([script, image.mapped(PREFIX)], capture_output=True, text=True, check=False)
    assert (done.returncode, "exists already" in done.stderr) == (1, True)


def it_serves_pages_and_static_files(image: Image) -> None:
    assert image.start("migrate", "--verbosity", "0").wait(timeout=120) == 0
    port = free_port()
    web = image.start(*RUN.all("CMD")[0].words, PORT=str(port))
    try:
        eventually(lambda: health(image, port) == 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/scp/login.php") as answer:
            page = answer.read().decode()
        style_sheets = re.findall(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{style_sheets[0]}") as answer:
            assert "immutable" in answer.headers["Cache-Control"]
    finally:
        web.terminate()
        assert web.wait(timeout=40) == 0
    assert not (image.data / "static").exists()
