"""Certificate and key for `manage.py serve --tls-cert --tls-key`, looked at before the web server gets them.

The web server says little about files that it cannot use, and asks nobody for a password; here each mistake is named.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificates


class UnusableCertificate(Exception):  # noqa: N818 -- as people say it
    """Certificate or key cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class TlsFiles:
    """Paths of a certificate with its chain, and of the key that belongs to it (both PEM)."""

    certificate: Path
    key: Path

    def check(self, now: datetime) -> str:
        """Give a warning for a certificate that is not valid at `now` (aware), '' when all is well.

        Raises UnusableCertificate when the web server could not use the files.
        """
        certificate, key = self._load_certificate(), self._load_key()
        encoding = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        if certificate.public_key().public_bytes(*encoding) != key.public_key().public_bytes(*encoding):
            raise UnusableCertificate(f"{self.key} is not the key of the first certificate in {self.certificate}.")
        self._load_into_tls()
        if now >= certificate.not_valid_after_utc:
            return f"The certificate has expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC."
        if now < certificate.not_valid_before_utc:
            return f"The certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on."
        return ""

    def _load_into_tls(self) -> None:
        """Try what the web server will: OpenSSL refuses keys that are too short, and some others."""
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self.certificate, self.key)
        except ssl.SSLError as error:
            what = (error.reason or str(error)).replace("_", " ").lower()
            raise UnusableCertificate(f"{self.key} and {self.certificate} are refused for https: {what}.") from error

    def _load_certificate(self) -> Certificate:
        try:
            return load_pem_x509_certificates(_read(self.certificate))[0]
        except ValueError as error:
            raise UnusableCertificate(f"{self.certificate} holds no certificate in PEM form.") from error

    def _load_key(self) -> PrivateKeyTypes:
        try:
            return load_pem_private_key(_read(self.key), password=None)
        except TypeError as error:
            raise UnusableCertificate(self._how_to_decrypt()) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UnusableCertificate(f"{self.key} holds no private key in PEM form.") from error

    def _how_to_decrypt(self) -> str:
        decrypted = self.key.with_name(f"{self.key.stem}.pkcs8.pem")
        return (
            f"{self.key} is encrypted, and the web server has nobody to ask for the password. Decrypt it once: "
            f"(umask 077; openssl pkcs8 -topk8 -nocrypt -in {self.key} -out {decrypted})"
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnusableCertificate(f"{path} cannot be read: {error.strerror}.") from error
