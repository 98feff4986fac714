"""Why TLS failed, through the front door: each cause has its own sentence and its own next step."""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import socket
import ssl
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gigachat_cli.engine import tls as trusting
from gigachat_cli.engine.tls import Trust
from gigachat_cli.engine.tls_faults import tls_fault
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..raw import RawServer, read_request, reset, response
from .test_proxies import rows

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
CLOCK = "Check this computer's clock, which says "


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


def issued(
    authority: trustme.CA,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    begins: datetime.datetime = NOW - DAY,
    ends: datetime.datetime = NOW + DAY,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> ssl.SSLContext:
    """A server's context with a certificate of this kind."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    own = load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(own, ec.EllipticCurvePrivateKey)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")]))
        .issuer_name(x509.load_pem_x509_certificate(authority.cert_pem.bytes()).subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(own, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(path)
    return context


def self_signed(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert("127.0.0.1").configure_cert(context)
    return context


def old(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    context = issued(authority, folder)
    with warnings.catch_warnings(action="ignore"):  # of the age that is wanted here
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def odd_ciphers(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    context = issued(authority, folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


def asks_for_certificate(version: ssl.TLSVersion) -> Callable[[trustme.CA, Path], ssl.SSLContext]:
    def context(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
        context = issued(authority, folder)
        context.maximum_version = version
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
        return context

    return context


CAUSES: dict[str, tuple[Callable[[trustme.CA, Path], ssl.SSLContext | None], str, str]] = {
    "expired": (
        lambda authority, folder: issued(authority, folder, begins=NOW - 2 * DAY, ends=NOW - DAY),
        "127.0.0.1 could not prove who it is: its certificate has expired.",
        CLOCK,
    ),
    "not yet valid": (
        lambda authority, folder: issued(authority, folder, begins=NOW + DAY, ends=NOW + 2 * DAY),
        "127.0.0.1 could not prove who it is: its certificate is not valid yet.",
        CLOCK,
    ),
    "another host": (
        lambda authority, folder: issued(authority, folder, host="127.0.0.2"),
        "127.0.0.1 could not prove who it is: its certificate is for another host.",
        "Check the address; a proxy or a portal may stand in between.",
    ),
    "unknown authority": (
        self_signed,
        "127.0.0.1 could not prove who it is: its certificate is from an unknown authority (unable to get local issuer"
        " certificate).",
        "GIGACHAT_CA_BUNDLE_FILE",
    ),
    "weak": (
        lambda authority, folder: issued(authority, folder, key=rsa.generate_private_key(65537, 1024)),
        "127.0.0.1 could not prove who it is: its certificate is too weak (EE certificate key too weak).",
        "Ask who runs it: it needs a new certificate.",
    ),
    "for clients": (
        lambda authority, folder: issued(authority, folder, purpose=ExtendedKeyUsageOID.CLIENT_AUTH),
        "127.0.0.1 could not prove who it is: its certificate is not one for servers.",
        "Ask who runs it: it needs a new certificate.",
    ),
    "no TLS": (lambda authority, folder: None, "{place} does not speak TLS (", "Check its address and port."),
    "old TLS": (
        old,
        "{place} speaks no version of TLS that this computer accepts (",
        "TLS 1.2 or newer is needed there.",
    ),
    "odd ciphers": (odd_ciphers, "{place} could not agree on TLS (", "GIGACHAT_CERT_FILE"),
    "wants a certificate": (
        asks_for_certificate(ssl.TLSVersion.TLSv1_3),
        "{place} wants a client certificate.",
        "Set GIGACHAT_CERT_FILE and GIGACHAT_KEY_FILE.",
    ),
    "wants a certificate, 1.2": (
        asks_for_certificate(ssl.TLSVersion.TLSv1_2),
        "{place} could not agree on TLS (",
        "GIGACHAT_CERT_FILE",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_has_its_sentence_and_its_step(
    gigachat: Program, simulator: Simulator, authority: trustme.CA, tmp_path: Path, cause: str
) -> None:
    context, told, step = CAUSES[cause]
    tls = context(authority, tmp_path)
    environment = {"GIGACHAT_ACCESS_TOKEN": "t0ken", "GIGACHAT_CA_BUNDLE_FILE": str(tmp_path / "authority.pem")}
    (tmp_path / "authority.pem").write_bytes(authority.cert_pem.bytes())
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        if tls is None:
            connection.recv(65536)
            connection.sendall(response("400 Bad Request", b"no TLS here"))
        else:
            seen.append(read_request(connection))

    with RawServer(answer, tls=tls) as server:
        environment["GIGACHAT_BASE_URL"] = f"https://127.0.0.1:{server.port}/v1"
        result = gigachat("models", "--json", "--max-retries", "0", environment=environment)
        checked = rows(gigachat("doctor", environment=environment))
    problem = json.loads(result.err)["error"]
    told = told.format(place=f"127.0.0.1:{server.port}")
    assert (problem["code"], result.out, result.code) == ("tls", "", 4)
    assert problem["message"].startswith(told)
    assert step in problem["hint"]
    assert problem["hint"].endswith(". 'gigachat doctor' checks each step of the way.")
    assert ("GIGACHAT_CA_BUNDLE_FILE" in problem["hint"]) is (cause == "unknown authority")
    assert "verify" not in problem["hint"]
    assert not re.search(r"\.\.(?!\.)|_ssl\.c|\[SSL", result.err)
    assert b"t0ken" not in b"".join(seen)
    state, message, hint = checked["API TLS"]
    assert state == "failure"
    assert message.startswith(told)
    assert step in hint
    assert "doctor" not in hint


@pytest.mark.parametrize("end", [socket.socket.close, reset])
def test_a_server_that_hangs_up_in_the_handshake_is_told(
    gigachat: Program, simulator: Simulator, end: Callable[[socket.socket], None]
) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        end(connection)

    with RawServer(answer) as server:
        environment = {"GIGACHAT_BASE_URL": f"https://127.0.0.1:{server.port}/v1", "GIGACHAT_ACCESS_TOKEN": "t0ken"}
        result = gigachat("models", "--max-retries", "0", environment=environment)
    assert (result.out, result.code) == ("", 4)
    assert f"127.0.0.1:{server.port} hung up before the connection was secure." in result.err


def test_a_client_certificate_that_is_refused_is_told(
    gigachat: Program, simulator: Simulator, authority: trustme.CA, tmp_path: Path
) -> None:
    (tmp_path / "authority.pem").write_bytes(authority.cert_pem.bytes())
    mine = trustme.CA(key_type=trustme.KeyType.ECDSA).issue_cert("me@example.org")
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
    tls = asks_for_certificate(ssl.TLSVersion.TLSv1_3)(authority, tmp_path)
    with RawServer(lambda connection: None, tls=tls) as server:
        environment = {
            "GIGACHAT_BASE_URL": f"https://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "t0ken",
            "GIGACHAT_CA_BUNDLE_FILE": str(tmp_path / "authority.pem"),
            "GIGACHAT_CERT_FILE": str(tmp_path / "me.pem"),
        }
        result = gigachat("models", "--max-retries", "0", environment=environment)
    assert (result.out, result.code) == ("", 4)
    assert "refused our side of TLS (tlsv1 alert unknown ca)." in result.err
    assert "GIGACHAT_CERT_FILE" in result.err


def test_a_clock_that_is_doubted_is_told(gigachat: Program, simulator: Simulator) -> None:
    problem = tls_fault(_unproved(9, "certificate is not yet valid"), "api.giga.chat", trust=Trust())
    assert re.search(r"which says 20\d\d-\d\d-\d\d \d\d:\d\d\.", problem.hint or "")


def _unproved(code: int, message: str) -> ssl.SSLCertVerificationError:
    problem = ssl.SSLCertVerificationError(1, "certificate verify failed")
    problem.verify_code, problem.verify_message = code, message
    return problem


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        (23, "certificate revoked", "api.giga.chat could not prove who it is: its certificate was revoked."),
        (68, "CA signature digest algorithm too weak", "too weak (CA signature digest algorithm too weak)."),
        (64, "IP address mismatch, certificate is not valid for '127.0.0.1'.", "its certificate is for another host."),
        (0, "Hostname mismatch.", "its certificate is for another host."),
        (7, "certificate signature failure.", "its certificate is not valid (certificate signature failure)."),
        (1, "", "its certificate is not valid (no reason is known)."),
    ],
)
def test_rarer_causes_do_not_ask_for_an_authority(code: int, message: str, told: str) -> None:
    problem = tls_fault(_unproved(code, message), "api.giga.chat", trust=Trust())
    assert problem.message.endswith(told)
    assert "CA_BUNDLE" not in (problem.hint or "")


@pytest.mark.parametrize("code", [2, 18, 19, 20, 21, 27])
def test_an_unknown_authority_has_one_step_for_each_place(code: int, tmp_path: Path) -> None:
    unproved = _unproved(code, "self-signed certificate in certificate chain")
    hints = {
        tls_fault(unproved, who, trust=trust, of_proxy=of_proxy).hint
        for who, trust, of_proxy in (
            ("api.giga.chat", Trust(), None),
            ("example.org", Trust(), None),
            ("the proxy https://p", Trust(), "HTTPS_PROXY"),
            ("api.giga.chat", Trust(ca_bundle_file=tmp_path), None),
        )
    }
    assert len(hints) == 4
    assert all("GIGACHAT_CA_BUNDLE_FILE" in (hint or "") for hint in hints)


def test_a_bundle_may_hold_the_authority_in_between_alone(
    gigachat: Program, simulator: Simulator, tmp_path: Path
) -> None:
    """As curl has it: who was named is trusted, whoever stands above."""
    between = trustme.CA(key_type=trustme.KeyType.ECDSA).create_child_ca(key_type=trustme.KeyType.ECDSA)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    between.issue_cert("127.0.0.1").configure_cert(tls)
    (tmp_path / "between.pem").write_bytes(between.cert_pem.bytes())

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(response("200 OK", b'{"data": []}', Content_Type="application/json"))

    with RawServer(answer, tls=tls) as server:
        environment: Mapping[str, str] = {
            "GIGACHAT_BASE_URL": f"https://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "t0ken",
            "GIGACHAT_CA_BUNDLE_FILE": str(tmp_path / "between.pem"),
        }
        result = gigachat("models", "--json", environment=environment)
    assert (result.err, result.code) == ("", 0)


@pytest.mark.parametrize("host", ["api.giga.chat", "example.org"])
def test_strict_rules_of_newer_pythons_do_not_apply(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Whether the chains of GigaChat's hosts would meet them is not known."""

    def newer(protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(trusting, "ssl", SimpleNamespace(**{**vars(ssl), "SSLContext": newer}))
    context = Trust().context(host, with_client_certificate=False)
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
