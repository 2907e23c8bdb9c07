"""The database servers of the test runs: where they answer, and throw-away ones for machines where none does.

`python -m tests.servers up` starts what does not answer from the programs that Debian's packages install, with data
of its own under the temporary directory and without waiting for disks; a server of the system is never touched. With
`--own` it does so beside a server of the system, too, whose commits wait for the disk: tests take their own where there
is one. `down` stops and deletes them, `status` says what answers.
"""

# ruff: noqa: T201 -- a command for the terminal
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pymysql
import redis

DATA = Path(tempfile.gettempdir()) / f"ostler-test-servers-{os.getuid()}"
START_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """One kind of server: where the tests look for it, and how a throw-away one is started."""

    name: str
    variable: str
    default_url: str
    throw_away_url: str
    package: str
    connect: Callable[[str], str]
    start: Callable[[Path, int], None]
    stop: Callable[[Path, int], None]

    def urls(self) -> list[str]:
        """Give the addresses to try, best first: the one of the environment alone, when it is set."""
        given = os.environ.get(self.variable)
        return [given] if given else [self.throw_away_url, self.default_url]

    def find(self) -> tuple[str, str] | None:
        """Give address and version of the first server that answers, or None."""
        for url in self.urls():
            if version := self.connect(url):
                return url, version
        return None


def _mysql_version(url: str) -> str:
    parts = urlsplit(url)
    try:
        with (
            pymysql.connect(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 3306,
                user=parts.username or "root",
                password=parts.password or "",
                connect_timeout=60,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT VERSION()")
            return str((cursor.fetchone() or ("of unknown version",))[0])
    except pymysql.Error:
        return ""


def _postgres_version(url: str) -> str:
    parts = urlsplit(url)
    try:
        with psycopg.connect(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 5432,
            user=parts.username or "postgres",
            password=parts.password,
            dbname="postgres",
            connect_timeout=60,
        ) as connection:
            return connection.info.parameter_status("server_version") or "of unknown version"
    except psycopg.Error:
        return ""


def _redis_version(url: str) -> str:
    try:
        with redis.Redis.from_url(url, socket_timeout=60, socket_connect_timeout=60) as client:
            return str(client.info("server")["redis_version"])
    except redis.RedisError:
        return ""


def _program(name: str, *folders: str) -> str:
    """Find a server program, which Debian keeps out of the ordinary PATH; raise FileNotFoundError without it."""
    path = os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _run(command: Sequence[str], folder: Path, user: str | None = None) -> None:
    """Run a command to its end with its output in `folder`/log; raise CalledProcessError when it fails."""
    with (folder / "log").open("a") as log:
        subprocess.run(command, cwd=folder, user=user, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=True)


def _owner(account: str) -> str | None:
    """Give the account that a server must run as: root may not be it."""
    return account if os.getuid() == 0 else None


def _make_folder(path: Path, owner: str | None) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o755)
    if owner:
        shutil.chown(path, owner)
    return path


def _start_mariadb(folder: Path, port: int) -> None:
    owner = _owner("mysql")
    server, installer = _program("mariadbd"), _program("mariadb-install-db")
    _make_folder(folder, owner)
    data = folder / "data"
    if not data.exists():
        root_login = "--auth-root-authentication-method=normal"
        _run([installer, "--no-defaults", f"--datadir={data}", root_login, "--skip-test-db"], folder, owner)
    with (folder / "log").open("a") as log:
        subprocess.Popen(
            [
                server,
                "--no-defaults",
                f"--datadir={data}",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                f"--socket={folder / 'socket'}",
                f"--pid-file={folder / 'pid'}",
                "--character-set-server=utf8mb4",
                "--skip-log-bin",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-doublewrite=0",
                "--innodb-buffer-pool-size=256M",
            ],
            cwd=folder,
            user=owner,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _stop_mariadb(folder: Path, port: int) -> None:
    _run([_program("mariadb-admin"), "--no-defaults", f"--socket={folder / 'socket'}", "-uroot", "shutdown"], folder)


def _postgres_program(name: str) -> str:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    return _program(name, *map(str, versions))


def _start_postgres(folder: Path, port: int) -> None:
    owner = _owner("postgres")
    installer, control = _postgres_program("initdb"), _postgres_program("pg_ctl")
    _make_folder(folder, owner)
    data = folder / "data"
    if not data.exists():
        plain = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([installer, f"--pgdata={data}", "--username=postgres", *plain], folder, owner)
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": folder,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    wait = str(START_SECONDS)
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    _run(
        [control, f"--pgdata={data}", f"--log={folder / 'server-log'}", "-w", "-t", wait, "-o", options, "start"],
        folder,
        owner,
    )


def _stop_postgres(folder: Path, port: int) -> None:
    control = _postgres_program("pg_ctl")
    _run([control, f"--pgdata={folder / 'data'}", "-m", "immediate", "stop"], folder, _owner("postgres"))


def _start_redis(folder: Path, port: int) -> None:
    server = _program("redis-server")
    _make_folder(folder, None)
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "yes"]
    _run([server, *options], folder)


def _stop_redis(folder: Path, port: int) -> None:
    _run([_program("redis-cli"), "-p", str(port), "shutdown", "nosave"], folder)


MARIADB = Server(
    name="MariaDB",
    variable="TEST_MYSQL_URL",
    default_url="mysql://root@127.0.0.1:3306/ostler",
    throw_away_url="mysql://root@127.0.0.1:13306/ostler",
    package="mariadb-server",
    connect=_mysql_version,
    start=_start_mariadb,
    stop=_stop_mariadb,
)
POSTGRESQL = Server(
    name="PostgreSQL",
    variable="TEST_POSTGRES_URL",
    default_url="postgres://postgres@127.0.0.1:5432/ostler",
    throw_away_url="postgres://postgres@127.0.0.1:15432/ostler",
    package="postgresql",
    connect=_postgres_version,
    start=_start_postgres,
    stop=_stop_postgres,
)
REDIS = Server(
    name="Redis",
    variable="TEST_REDIS_URL",
    default_url="redis://127.0.0.1:6379/15",
    throw_away_url="redis://127.0.0.1:16379/15",
    package="redis-server",
    connect=_redis_version,
    start=_start_redis,
    stop=_stop_redis,
)
SERVERS = (MARIADB, POSTGRESQL, REDIS)


def bring_up(server: Server, *, is_own: bool = False) -> str:
    """Make sure that the server answers, starting a throw-away one when none does. Gives a line for people.

    One that `is_own` is started beside a server of the system, which does when it cannot be.
    Raises RuntimeError when it cannot be started.
    """
    found = server.find()
    if found and (not is_own or found[0] != server.default_url or os.environ.get(server.variable)):
        return f"{server.name} {found[1]} answers at {found[0]}"
    if os.environ.get(server.variable):
        raise RuntimeError(f"{server.name} does not answer at {server.variable}={os.environ[server.variable]}")
    try:
        return _start_throw_away(server)
    except RuntimeError as error:
        if found is None:
            raise
        return f"{error}; {server.name} {found[1]} answers at {found[0]}"


def _start_throw_away(server: Server) -> str:
    """Start it and wait until it answers. Gives a line for people; raises RuntimeError when it does not."""
    folder, port = DATA / server.name.lower(), urlsplit(server.throw_away_url).port or 0
    try:
        server.start(folder, port)
    except FileNotFoundError as error:
        raise RuntimeError(
            f"{server.name}: no {error.args[0]} here; install it: apt install {server.package}"
        ) from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{server.name}: {Path(error.cmd[0]).name} failed, see {folder / 'log'}") from None
    give_up_at = time.monotonic() + START_SECONDS
    while not (version := server.connect(server.throw_away_url)):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"{server.name} did not start within {START_SECONDS} s, see {folder / 'log'}")
        time.sleep(0.2)
    return f"{server.name} {version} started at {server.throw_away_url} (data in {folder})"


def take_down(server: Server) -> str:
    """Stop and delete the throw-away server, if there is one. Gives a line for people."""
    folder = DATA / server.name.lower()
    if not folder.exists():
        return f"{server.name}: no throw-away server"
    if server.connect(server.throw_away_url):
        server.stop(folder, urlsplit(server.throw_away_url).port or 0)
    shutil.rmtree(folder)
    return f"{server.name}: stopped and deleted"


def describe(server: Server) -> str:
    """Say where the server answers."""
    found = server.find()
    return f"{server.name} {found[1]} answers at {found[0]}" if found else f"{server.name} does not answer"


def main() -> int:
    """Carry out the command for every server; 1 when one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--own", action="store_true", help="up: servers of the tests' own beside those of the system")
    given = parser.parse_args()
    commands: dict[str, Callable[[Server], str]] = {
        "up": partial(bring_up, is_own=given.own),
        "down": take_down,
        "status": describe,
    }
    status = 0
    for server in SERVERS:
        try:
            print(commands[given.command](server), flush=True)
        except RuntimeError as error:
            print(error, file=sys.stderr, flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
