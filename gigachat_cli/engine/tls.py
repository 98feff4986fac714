"""Whom to trust: GigaChat's hosts by the Russian Trusted Root CA, all others by the system's authorities.

The root certificate ships with the package.  It is tried alone for GigaChat's hosts; the system's store is loaded
only when a chain does not end there (a company's proxy, a new authority) or the host is another one.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from .. import paths
from ..errors import ConfigError
from ..messages import Notice
from ..settings import VERIFICATION_OFF

GIGACHAT_DOMAINS = ("giga.chat", "sberbank.ru")
ROOT_SHA256 = "d26d2d0231b7c39f92cc738512ba54103519e4405d68b5bd703e9788ca8ecf31"
"""Of the certificate in DER form; several independent public sources give the same value."""


class Trust:
    """The TLS contexts of one client, built when they are needed and kept."""

    def __init__(
        self,
        *,
        verify: bool = True,
        ca_bundle_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        key_file_password: str | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
    ) -> None:
        self._verify = verify
        self._ca_bundle_file = ca_bundle_file
        self._client = (cert_file, key_file, key_file_password)
        self._notify = notify
        self._kept: dict[tuple[str, bool], ssl.SSLContext] = {}
        self._beyond_root: set[str] = set()
        if not verify:
            notify(Notice("alarm", VERIFICATION_OFF))

    @property
    def has_bundle(self) -> bool:
        """Whether authorities were given, which replace all others."""
        return self._verify and self._ca_bundle_file is not None

    def context(self, host: str, *, with_client_certificate: bool) -> ssl.SSLContext:
        """The context for a connection to `host`.

        Raises ConfigError when a bundle or a client certificate cannot be used.
        """
        kind = self._kind(host)
        wanted = (kind, with_client_certificate and self._client[0] is not None)
        if wanted not in self._kept:
            context = self._build(kind)
            if wanted[1]:
                _add_client_certificate(context, *self._client)
            self._kept[wanted] = context
        return self._kept[wanted]

    def widen(self, host: str) -> bool:
        """After a chain was not proved: whether another context for `host` is worth a try."""
        if self._kind(host) != "root":
            return False
        self._beyond_root.add(host)
        return True

    def _kind(self, host: str) -> str:
        if not self._verify:
            return "none"
        if self._ca_bundle_file is not None:
            return "bundle"
        if not is_gigachat_host(host):
            return "system"
        return "root and system" if host in self._beyond_root else "root"

    def _build(self, kind: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(("http/1.1",))
        # Whether the chains of GigaChat's hosts meet its demands is not known; Python 3.13 made it a default.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if kind == "none":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif kind == "bundle":
            assert self._ca_bundle_file is not None
            # An authority that was given is trusted also where it is not the last of its chain, as by curl.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            _add_bundle(context, self._ca_bundle_file)
        else:
            if "root" in kind:
                context.load_verify_locations(cadata=root_certificate(self._notify))
            if "system" in kind:
                context.load_default_certs()
        return context


def is_gigachat_host(host: str) -> bool:
    """Whether the Russian Trusted Root CA speaks for `host`."""
    host = host.lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in GIGACHAT_DOMAINS)


def root_certificate(notify: Callable[[Notice], None] = lambda notice: None) -> str:
    """The Russian Trusted Root CA (PEM), from the config directory, where it is written at first use.

    A file there that is not that certificate is written anew.  Nothing is lost when it cannot be written.
    """
    path = paths.root_certificate_file()
    try:
        found = (paths.read_private(path) or b"").decode("ascii", "replace")
        if is_root_certificate(found):
            return found
    except OSError:
        pass  # it is written anew below, or that is told
    shipped = resources.files(__package__).joinpath("russian_trusted_root_ca.pem").read_text("ascii")
    if not is_root_certificate(shipped):
        raise ConfigError(
            "The root certificate in the program's own folder was altered.", hint="Install the program anew."
        )
    try:
        paths.write_private(path, shipped.encode())
    except OSError as problem:
        lost = f"{path} could not be written: {problem.strerror}."
        notify(Notice("warning", lost, cause=str(problem.strerror)))
    return shipped


def is_root_certificate(pem: str) -> bool:
    """Whether `pem` is the Russian Trusted Root CA, by its SHA-256, and nothing else."""
    try:
        certificate = ssl.PEM_cert_to_DER_cert(pem)
    except ValueError:
        return False
    # There and back, for decoding overlooks a second certificate after the first, and OpenSSL would trust both.
    alone = ssl.DER_cert_to_PEM_cert(certificate).split() == pem.split()
    return alone and hashlib.sha256(certificate).hexdigest() == ROOT_SHA256


def authority_of(connection: ssl.SSLObject) -> str:
    """The name of the authority that a proved chain ends in; empty when it is not known."""
    try:
        # There is no public way to names of the whole chain: the public one, of Python 3.13, gives bytes.
        chain = connection._sslobj.get_verified_chain()  # type: ignore[attr-defined]
        return _common_name(chain[-1].get_info()["subject"])
    except (AttributeError, LookupError, TypeError, ValueError):
        issued_by = (connection.getpeercert() or {}).get("issuer", ())
        return _common_name(issued_by)


def _common_name(name: Any) -> str:
    parts = {key: value for part in name for key, value in part}
    return str(parts.get("commonName") or parts.get("organizationName") or "")


def _add_bundle(context: ssl.SSLContext, path: Path) -> None:
    hint = "ca_bundle_file must name certificates in PEM or DER form."
    try:
        content = paths.read_file(path)
    except OSError as problem:
        named = "Correct or unset GIGACHAT_CA_BUNDLE_FILE, or ca_bundle_file in the config file, which names it."
        raise ConfigError(f"{path} could not be read: {problem.strerror}.", hint=named) from problem
    try:
        # The comments between certificates may be in any language; OpenSSL's door for text takes ASCII alone.
        pem = content.decode("ascii", "ignore") if b"-----BEGIN" in content else None
        context.load_verify_locations(cadata=pem or content)
    except (ssl.SSLError, ValueError):
        raise ConfigError(f"{path} holds no usable certificate.", hint=hint) from None


def _add_client_certificate(
    context: ssl.SSLContext, cert_file: Path | None, key_file: Path | None, password: str | None
) -> None:
    assert cert_file is not None
    try:
        for path in filter(None, (cert_file, key_file)):
            paths.check_file(path)
        # A callback, since without one OpenSSL would ask at the terminal for a password that is missing.
        context.load_cert_chain(cert_file, key_file, password=lambda: password or "")
    except (OSError, ValueError) as problem:
        unreadable = isinstance(problem, OSError) and not isinstance(problem, ssl.SSLError)
        reason = str(getattr(problem, "strerror", "")) if unreadable else "the files, or the password, do not fit"
        raise ConfigError(
            f"The client certificate {cert_file} could not be loaded: {reason}.",
            hint="Check cert_file, key_file and GIGACHAT_KEY_FILE_PASSWORD.",
        ) from None
