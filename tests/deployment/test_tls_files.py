"""Certificate and key are looked at before the web server gets them: what fits passes, each mistake is named."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat

from helpdesk.tls import TlsFiles, UnusableCertificate
from tests.deployment.certificates import Key, new_key, write_certificate, write_key

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


@pytest.fixture
def key() -> Key:
    return new_key()


@pytest.fixture
def files(tmp_path: Path, key: Key) -> TlsFiles:
    """A certificate and its key, as they should be."""
    certificate = write_certificate(tmp_path / "cert.pem", key, YESTERDAY)
    return TlsFiles(certificate, write_key(tmp_path / "key.pem", key))


def refusal(files: TlsFiles) -> str:
    with pytest.raises(UnusableCertificate) as refused:
        files.check(NOW)
    return str(refused.value)


def test_a_certificate_and_its_key_pass_without_a_warning(files: TlsFiles) -> None:
    assert files.check(NOW) == ""


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_every_usual_form_of_key_passes(tmp_path: Path, kind: str, form: PrivateFormat) -> None:
    key = new_key(kind)
    certificate = write_certificate(tmp_path / "cert.pem", key, YESTERDAY)
    assert TlsFiles(certificate, write_key(tmp_path / "key.pem", key, form)).check(NOW) == ""


def test_a_chain_may_follow_the_certificate(files: TlsFiles, tmp_path: Path) -> None:
    issuer = write_certificate(tmp_path / "issuer.pem", new_key(), YESTERDAY)
    files.certificate.write_bytes(files.certificate.read_bytes() + issuer.read_bytes())
    assert files.check(NOW) == ""


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_refused_with_a_command_that_decrypts_it(
    files: TlsFiles, key: Key, form: PrivateFormat
) -> None:
    write_key(files.key, key, form, password=b"a password of the test")
    command = refusal(files).partition("Decrypt it once: ")[2]
    assert command
    subprocess.run(
        ["sh", "-c", command.replace("-nocrypt", "-nocrypt -passin stdin")],
        input="a password of the test",
        text=True,
        check=True,
    )
    decrypted = files.key.with_name("key.pkcs8.pem")
    assert decrypted.stat().st_mode & 0o077 == 0
    assert TlsFiles(files.certificate, decrypted).check(NOW) == ""


def test_a_key_that_the_web_server_refuses_is_refused_before(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- as in days of old
    certificate = write_certificate(tmp_path / "cert.pem", key, YESTERDAY)
    weak = TlsFiles(certificate, write_key(tmp_path / "key.pem", key))
    assert refusal(weak) == f"{weak.key} and {certificate} are refused for https: ee key too small."


def test_the_key_of_another_certificate_is_refused(files: TlsFiles) -> None:
    write_key(files.key, new_key())
    assert "is not the key of the first certificate" in refusal(files)


def test_certificate_and_key_swapped_are_refused(files: TlsFiles) -> None:
    assert f"{files.key} holds no certificate" in refusal(TlsFiles(files.key, files.certificate))


@pytest.mark.parametrize(
    "content", [b"", b"no key\n", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(files: TlsFiles, content: bytes) -> None:
    files.key.write_bytes(content)
    assert f"{files.key} holds no private key" in refusal(files)


@pytest.mark.parametrize("name", ["certificate", "key"])
def test_a_file_that_cannot_be_read_is_named(files: TlsFiles, name: str) -> None:
    path: Path = getattr(files, name)
    path.unlink()
    assert refusal(files) == f"{path} cannot be read: No such file or directory."


def test_a_certificate_out_of_time_is_warned_of(tmp_path: Path, key: Key) -> None:
    files = TlsFiles(write_certificate(tmp_path / "c", key, NOW), write_key(tmp_path / "k", key))
    assert files.check(NOW) == ""
    assert files.check(NOW - timedelta(hours=1)) == "The certificate is valid from 2026-11-21 12:00 UTC on."
    assert files.check(NOW + timedelta(days=2)) == "The certificate has expired on 2026-11-23 12:00 UTC."
