"""compose.yaml: what it refers to exists, and what it runs is a command of ours (no Docker is needed to read it)."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from django.core.management import get_commands

from helpdesk.health.registry import registered_checks
from tests.deployment.dockerfile import REPOSITORY, read_stages

pytestmark = pytest.mark.once

DOCKER = REPOSITORY / "docker"
TEXT = (DOCKER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("${OSTLER_IMAGE")]
SETTINGS: dict[str, str] = COMPOSE["x-settings"]


def documented_settings() -> set[str]:
    """Give the settings that the administration guide describes."""
    page = (REPOSITORY / "docs" / "administration.md").read_text()
    return {name for row in re.findall(r"^\| (`[A-Z][^|]*) \|", page, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}


def test_the_services_are_those_of_the_guide() -> None:
    assert OURS == ["migrate", "web", "worker", "beat", "mail"]
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    assert {name: profile for name, profile in profiles.items() if profile} == {
        "mail": ["mail"],
        "mariadb": ["mariadb"],
        "postgres": ["postgres"],
        "nginx": ["nginx"],
    }


@pytest.mark.parametrize("name", SERVICES)
def test_everything_that_a_service_refers_to_exists(name: str) -> None:
    service = SERVICES[name]
    assert set(service.get("networks", [])) <= COMPOSE["networks"].keys()
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()
    assert set(service.get("depends_on", {})) <= SERVICES.keys()
    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        assert (DOCKER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_may_be_missing_is_not_waited_for(name: str) -> None:
    """A profile that is off would otherwise stop everything."""
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        if SERVICES[other].get("profiles"):
            assert condition["required"] is False
        if condition["condition"] == "service_healthy" and other not in OURS:
            assert SERVICES[other]["healthcheck"]["test"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_down_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["logging"]["options"]["max-size"]
    if name in OURS:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "user" not in service
        assert service["build"] == {"context": "..", "dockerfile": "docker/Dockerfile"}


@pytest.mark.parametrize("name", SERVICES)
def test_health_is_known_of_whatever_can_tell(name: str) -> None:
    check = SERVICES[name].get("healthcheck")
    if name == "web":
        assert check is None  # the image's own
    elif name in {"migrate", "mail"}:
        assert check == {"disable": True}
    else:
        assert check is not None
        assert check["interval"]


def test_beat_is_asked_by_a_check_of_ours() -> None:
    entry, command, *names = SERVICES["beat"]["healthcheck"]["test"][1:]
    assert read_stages(DOCKER / "Dockerfile")[-1].all("ENTRYPOINT")[0].words == [entry]
    assert command in get_commands()
    assert names == ["beat"]
    assert set(names) <= {check.name for check in registered_checks()}


def test_only_nginx_is_open_to_other_machines() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"nginx": ["80:80", "443:443"], "web": ["127.0.0.1:${WEB_PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["back"] for name in ("mariadb", "postgres", "redis"))


@pytest.mark.parametrize("name", OURS)
def test_each_of_our_processes_reaches_a_database_elsewhere(name: str) -> None:
    """Each of them works with the database, beat too; a server elsewhere is beyond a network without a way out."""
    leading_out = {network for network, settings in COMPOSE["networks"].items() if not settings.get("internal")}
    assert leading_out & set(SERVICES[name]["networks"])
    assert "back" in SERVICES[name]["networks"]  # broker, cache, and a database in a container


def test_the_proxy_is_trusted_by_the_very_network_it_is_in() -> None:
    (configuration,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert configuration["subnet"] == SETTINGS["TRUSTED_PROXIES"]
    assert "front" in SERVICES["web"]["networks"]
    assert SERVICES["nginx"]["networks"] == ["front"]


def test_our_settings_are_documented_ones_and_the_same_for_every_process() -> None:
    assert SETTINGS.keys() <= documented_settings()
    assert all(SERVICES[name]["environment"] == SETTINGS for name in OURS)


def test_secrets_are_files_and_nothing_else() -> None:
    files = {name: value for name, value in SETTINGS.items() if name.endswith("_FILE")}
    assert files.keys() == {"DB_PASSWORD_FILE", "SECRET_KEY_FILE", "ENCRYPTION_KEY_FILE", "SECRET_SALT_FILE"}
    for service in (SERVICES[name] for name in [*OURS, "mariadb", "postgres"]):
        mounted = {f"/run/secrets/{name}" for name in service["secrets"]}
        given = {value for name, value in service["environment"].items() if name.endswith("_FILE")}
        assert given == mounted
        plain = [name for name in service["environment"] if re.search(r"PASSWORD$|SECRET_|_KEY$", name)]
        assert [name for name in plain if "RANDOM" not in name and not name.endswith("_FILE")] == []
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_commands_that_exist(name: str) -> None:
    command = SERVICES[name]["command"]
    assert command[0] in get_commands()
    if command[0] == "serve":
        assert command == ["serve", "--only", name]


def test_every_variable_of_the_host_has_a_default_or_is_asked_for() -> None:
    references = re.findall(r"\$\{(\w+)(:[-?])?", TEXT)
    required = {name for name, default in references if default == ":?"}
    without = {name for name, default in references if not default}
    assert without <= required
    example = (DOCKER / "compose.env.example").read_text()
    answered = set(re.findall(r"^(\w+)=.+$", example, re.M))
    assert required <= answered
    assert answered <= {name for name, _ in references} | {"COMPOSE_PROFILES"}


def test_the_example_names_profiles_that_exist_and_a_database_that_runs() -> None:
    example = dict(re.findall(r"^(\w+)=(.+)$", (DOCKER / "compose.env.example").read_text(), re.M))
    chosen = example["COMPOSE_PROFILES"].split(",")
    assert set(chosen) <= {profile for service in SERVICES.values() for profile in service.get("profiles", [])}
    assert example["DB_HOST"] in chosen
    assert example["DB_DIALECT"] == example["DB_HOST"]


def test_writable_places_of_the_image_are_mounted() -> None:
    run = read_stages(DOCKER / "Dockerfile")[-1]
    (volume,) = run.all("VOLUME")
    assert run.environment()["DATA_DIR"] == volume.value
    for name in OURS:
        assert SERVICES[name]["volumes"] == [f"data:{volume.value}"]
        assert SERVICES[name]["tmpfs"][0].startswith("/tmp:")  # noqa: S108 -- of the container


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Run the script that makes the secrets, in a copy of its directory."""
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DOCKER / "make-secrets.sh").read_bytes())
    script.chmod(0o755)
    subprocess.run([str(script)], check=True, stdout=subprocess.DEVNULL)
    return tmp_path / "secrets"


def test_the_script_makes_every_secret_but_the_certificate(secrets: Path) -> None:
    made = {path.name for path in secrets.iterdir()}
    assert made == COMPOSE["secrets"].keys() - {"tls_certificate", "tls_key"}
    Fernet((secrets / "encryption_key").read_text().strip())
    assert re.fullmatch(r"[0-9a-f]{32}\n", (secrets / "secret_salt").read_text())
    assert len((secrets / "secret_key").read_text()) > 50
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}


def test_the_script_keeps_what_is_there(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    done = subprocess.run([str(secrets.parent / "make-secrets.sh")], capture_output=True, text=True, check=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert "made " not in done.stdout


def test_the_script_fails_without_openssl(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets.sh"
    script.write_bytes((DOCKER / "make-secrets.sh").read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("dirname", "mkdir", "chmod", "mv", "tr"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert not (tmp_path / "secrets" / "db_password").exists()


def test_no_secret_can_be_committed() -> None:
    ignored = (REPOSITORY / ".gitignore").read_text().splitlines()
    assert {"/docker/.env", "/docker/secrets/"} <= set(ignored)
