"""The throwaway certificate authority: one per process, never on any trust list, gone with the process.

Elliptic-curve keys make a start cost milliseconds. The broken certificates are what a client must refuse.
"""

from __future__ import annotations

import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    import trustme

_HOSTS = ("127.0.0.1", "::1", "localhost")


class LibraryMissing(ImportError):
    """The library that makes certificates is not installed; the message is the one line that installs it."""


def server_context(certificate: str, *, require_client_certificate: bool) -> ssl.SSLContext:
    """Return the server's TLS context.

    ``certificate`` is one of the kinds that ``options`` lists. Raises LibraryMissing.
    """
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _server_certificate(certificate).configure_cert(context)
    if require_client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        _authority("trusted").configure_trust(context)
    return context


def write_authority(path: Path) -> None:
    """Write the authority's certificate, which a client is to trust. Raises LibraryMissing."""
    path.write_bytes(_authority("trusted").cert_pem.bytes())


def write_client_certificate(certificate_path: Path, key_path: Path) -> None:
    """Write a client certificate that is accepted, and its unencrypted key. Raises LibraryMissing."""
    client = _client_certificate()
    certificate_path.write_bytes(b"".join(blob.bytes() for blob in client.cert_chain_pems))
    key_path.touch(mode=0o600)
    key_path.write_bytes(client.private_key_pem.bytes())


@cache
def _authority(name: str) -> trustme.CA:
    if find_spec("trustme") is None:
        raise LibraryMissing("pip install 'gigachat-terminal[simulator]'")
    import trustme

    return trustme.CA(
        organization_name="GigaChat simulator",
        organization_unit_name=f"Throwaway authority ({name})",
        key_type=trustme.KeyType.ECDSA,
    )


@cache
def _server_certificate(certificate: str) -> trustme.LeafCert:
    authority = _authority("other" if certificate == "other-authority" else "trusted")
    hosts = ("other-host.example",) if certificate == "other-host" else _HOSTS
    now, day = datetime.datetime.now(datetime.UTC).replace(tzinfo=None), datetime.timedelta(days=1)
    return authority.issue_cert(
        *hosts,
        organization_name="GigaChat simulator",
        not_before=now + day if certificate == "not-yet-valid" else None,
        not_after=now - day if certificate == "expired" else None,
    )


@cache
def _client_certificate() -> trustme.LeafCert:
    return _authority("trusted").issue_cert("client@simulator.example")
