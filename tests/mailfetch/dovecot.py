"""A real Dovecot for the tests: of its own configuration and data below a temporary directory, on free ports."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient

from tests.deployment.certificates import new_key, write_certificate, write_key
from tests.house.desk import free_port

PASSWORD = "opens-the-box"
FOREIGN_USER, FOREIGN_PASSWORD = "jürgen", "Schlüssel-鍵"
"""One who is known by a password of his own, too; neither is ASCII."""
START_SECONDS = 120
COMMON = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
auth_mechanisms = plain login xoauth2
auth_username_chars =
mail_fsync = never
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
service imap-login {{
  chroot =
  {unlimited}
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  chroot =
  {unlimited}
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  user = {owner}
}}
namespace inbox {{
  inbox = yes
}}
"""
SETTINGS_2_3 = """
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
passdb {{
  driver = static
  args = password={{PLAIN}}{password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""
SETTINGS_2_4 = """
ssl_server_cert_file = {folder}/certificate.pem
ssl_server_key_file = {folder}/key.pem
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {folder}/mail/%{{user}}
oauth2 {{
  tokeninfo_url = {tokens}
  username_attribute = email
}}
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/mail/%{{user}}
  }}
}}
"""
"""Written after Dovecot's documentation of 2.4 (Debian 13), which renamed most settings.

Not tried yet: the machines that run these tests have 2.3. Where Dovecot 2.4 does not start with it, mend it here.
"""


@dataclass(frozen=True)
class Dovecot:
    """The running server: its ports, its certificate, and where its mail lies."""

    folder: Path
    imap: int
    imaps: int
    pop3: int
    pop3s: int

    @property
    def certificate(self) -> Path:
        """Give the file with the certificate, which is its own authority."""
        return self.folder / "certificate.pem"

    def new_user(self) -> User:
        """Give a user with an empty mailbox: any name may sign in with the password."""
        return User(self, f"user-{uuid.uuid4().hex[:12]}")


@dataclass(frozen=True)
class User:
    """A user of the server, and what is in his mailbox."""

    server: Dovecot
    name: str

    @contextmanager
    def session(self) -> Iterator[IMAPClient]:
        """Sign in as a mail program does."""
        client = IMAPClient("127.0.0.1", port=self.server.imap, ssl=False)
        client.login(self.name, PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def receive(self, *mails: bytes, folder: str = "INBOX", flags: Sequence[bytes] = ()) -> None:
        """Put mails into a folder."""
        with self.session() as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail, flags=list(flags))

    def receive_many(self, mails: Iterable[bytes]) -> None:
        """Put many mails into the inbox, as files."""
        with self.session() as client:
            client.select_folder("INBOX")
        directory = self.server.folder / "mail" / self.name / "new"
        owner = directory.stat()
        for number, mail in enumerate(mails):
            path = directory / f"{1_700_000_000 + number}.M{number}P1.tests"
            path.write_bytes(mail)
            if os.getuid() == 0:
                os.chown(path, owner.st_uid, owner.st_gid)

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """Give the subjects of the mails in a folder, [] for one that is not there."""
        return [subject for subject, _flags in self.listing(folder)]

    def listing(self, folder: str = "INBOX") -> list[tuple[str, tuple[bytes, ...]]]:
        """Give subjects and flags of the mails in a folder."""
        with self.session() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["ENVELOPE", "FLAGS"])
            return [
                ((one[b"ENVELOPE"].subject or b"").decode(), tuple(one[b"FLAGS"]))
                for _uid, one in sorted(found.items())
            ]


def find_dovecot() -> str | None:
    """Give the program, which Debian keeps out of the ordinary PATH; None without it."""
    return shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def running_dovecot(folder: Path, *, tokens: str = "http://127.0.0.1:9/") -> Iterator[Dovecot]:
    """Run a server with its data in the folder; raises RuntimeError when it does not start.

    At the address `tokens`, followed by an access token, it asks whose that is.
    """
    program = find_dovecot()
    if program is None:
        raise RuntimeError("No dovecot here; install it: apt install dovecot-imapd dovecot-pop3d")
    server = Dovecot(folder, *_free_ports(4))
    key = new_key()
    write_certificate(server.certificate, key)
    write_key(folder / "key.pem", key)
    configuration = folder / "dovecot.conf"
    configuration.write_text(_configuration(server, version=version_of(program), tokens=tokens))
    (folder / "users").write_text(f"{FOREIGN_USER}:{{PLAIN}}{FOREIGN_PASSWORD}\n", encoding="utf-8")
    (folder / "oauth2.conf").write_text(f"tokeninfo_url = {tokens}\nusername_attribute = email\n")
    for path in (folder, *folder.parents):
        if path.owner() == pwd.getpwuid(os.getuid()).pw_name:
            path.chmod(path.stat().st_mode | 0o111)  # the processes of the server pass through
    process = subprocess.Popen([program, "-F", "-c", str(configuration)], stdin=subprocess.DEVNULL)
    try:
        _wait(process, server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def version_of(program: str) -> tuple[int, int]:
    """Give major and minor version of the program. Raises RuntimeError where it does not say."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"(\d+)\.(\d+)", said)
    if found is None:
        raise RuntimeError(f"{program} does not say its version: {said!r}")
    return int(found[1]), int(found[2])


def _configuration(server: Dovecot, *, version: tuple[int, int], tokens: str) -> str:
    user = pwd.getpwuid(os.getuid())
    is_root = user.pw_uid == 0
    mail = pwd.getpwnam("nobody") if is_root else user
    boxes = server.folder / "mail"
    boxes.mkdir(mode=0o777)
    if is_root:
        os.chown(boxes, mail.pw_uid, mail.pw_gid)
    return configuration_text(
        version,
        folder=server.folder,
        internal="dovecot" if is_root else user.pw_name,
        internal_group="dovecot" if is_root else grp.getgrgid(user.pw_gid).gr_name,
        login="dovenull" if is_root else user.pw_name,
        owner="root" if is_root else user.pw_name,
        password=PASSWORD,
        uid=mail.pw_uid,
        gid=mail.pw_gid,
        imap=server.imap,
        imaps=server.imaps,
        pop3=server.pop3,
        pop3s=server.pop3s,
        tokens=tokens,
    )


def configuration_text(version: tuple[int, int], **values: object) -> str:
    """Give the configuration for a version; from 2.4 on it begins with the version whose settings it has."""
    if version < (2, 4):
        return (COMMON + SETTINGS_2_3).format(unlimited="service_count = 0", **values)
    head = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
    return head + (COMMON + SETTINGS_2_4).format(unlimited="restart_request_count = unlimited", **values)


def _free_ports(count: int) -> list[int]:
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return sorted(found)


def _wait(process: subprocess.Popen[bytes], server: Dovecot) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    for port in (server.imap, server.pop3s):
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
                if port != server.imap or probe.recv(4) == b"* OK":
                    break
            if process.poll() is not None or time.monotonic() > give_up_at:
                log = server.folder / "log"
                raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.05)
