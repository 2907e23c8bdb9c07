"""The wheel: complete, and with one name in the site-packages directory."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]
FOLDERS = {folder: name for name, folder in SETUPTOOLS["package-dir"].items() if name != "ostler"}
SHELL = "import ostler, sys; sys.argv = ['ostler', *sys.argv[1:]]; ostler.main()"


def files_of_the_house() -> set[str]:
    """Give the path of every file that the program consists of, relative to the repository."""
    return {
        str(path.relative_to(REPOSITORY))
        for folder in FOLDERS
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy of the tree, so that the build leaves nothing behind in it."""
    copy, output = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in [*files_of_the_house(), "pyproject.toml", "README.md", "LICENSE"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, copy / name)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "-w", str(output), str(copy)], check=True)
    (path,) = output.glob("*.whl")
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def installed(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel as an installation would."""
    folder = tmp_path_factory.mktemp("site-packages")
    wheel.extractall(folder)
    return folder


def run_installed(installed: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the console script of the unpacked wheel, away from the repository."""
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "DATABASE_URL"}}
    environment = inherited | {"PYTHONPATH": str(installed), "HOME": str(home)}
    command = [sys.executable, "-c", SHELL, *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def test_every_package_of_the_tree_is_listed() -> None:
    in_the_tree = {
        "ostler." + str(Path(name).parent).replace("/", ".")
        for name in files_of_the_house()
        if Path(name).name == "__init__.py" and Path(name).parent != Path("helpdesk/installed")
    }
    assert set(SETUPTOOLS["packages"]) == in_the_tree | {"ostler", "ostler.static", "ostler.templates"}


def test_every_file_of_the_house_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    expected = {f"ostler/{name}" for name in files_of_the_house()} - {"ostler/helpdesk/installed/__init__.py"}
    assert expected - set(wheel.namelist()) == set()


def test_the_wheel_claims_no_name_but_its_own(wheel: zipfile.ZipFile) -> None:
    top_level = {name.partition("/")[0] for name in wheel.namelist()}
    assert top_level == {"ostler", f"ostler-{PROJECT['project']['version']}.dist-info"}


def test_no_tests_and_no_benchmarks_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    assert not {name.split("/")[1] for name in wheel.namelist()} & {"tests", "bench", "docs", "docker", "var"}


def test_the_wheel_carries_licence_and_console_script(wheel: zipfile.ZipFile) -> None:
    information = f"ostler-{PROJECT['project']['version']}.dist-info"
    assert "MIT" in wheel.read(f"{information}/licenses/LICENSE").decode()
    assert "ostler = ostler:main" in wheel.read(f"{information}/entry_points.txt").decode()


def test_an_installed_copy_passes_its_checks_with_data_in_the_home_directory(installed: Path, tmp_path: Path) -> None:
    done = run_installed(installed, "check", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".local/share/ostler/secret_key").exists()
    assert not (installed / "ostler/var").exists()


def test_an_installed_copy_finds_its_templates_and_static_files(installed: Path, tmp_path: Path) -> None:
    program = (
        "from django.conf import settings; from pathlib import Path;"
        "print(*[p for p in [*settings.TEMPLATES[0]['DIRS'], *settings.STATICFILES_DIRS] if any(Path(p).rglob('*.*'))])"
    )
    done = run_installed(installed, "shell", "--no-imports", "-c", program, home=tmp_path)
    assert done.stdout.split() == [str(installed / "ostler/templates"), str(installed / "ostler/static")], done.stderr


def test_an_installed_copy_imports_nothing_from_the_working_directory(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "tickets").mkdir()
    (tmp_path / "tickets" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    done = run_installed(installed, "check", home=tmp_path)
    assert done.returncode == 0, done.stderr
