"""Why TLS failed, told so that a person can act: each cause with its own sentence and its own next step."""

from __future__ import annotations

import os
import ssl
import time

from ..errors import TLSError
from ..moments import shown_time
from ..text import one_line
from .tls import Trust, is_gigachat_host

# Codes of X509_verify_cert, from OpenSSL's x509_vfy.h.
_EXPIRED, _NOT_YET_VALID, _REVOKED, _WRONG_PURPOSE = 10, 9, 23, 26
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21, 27}
_OTHER_HOST = {62, 63, 64}
_WEAK = {66, 67, 68}

# Reasons of SSLError, as OpenSSL names them; an ALERT is what the other side said.
_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNEXPECTED_MESSAGE", "UNKNOWN_PROTOCOL"}
_NO_TLS |= {"RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "BAD_RECORD_TYPE", "INVALID_ALERT"}
_NO_VERSION = {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "NO_PROTOCOLS_AVAILABLE"}
_NO_CIPHER = {"SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_INSUFFICIENT_SECURITY", "NO_SHARED_CIPHER"}
_NO_CIPHER |= {"NO_CIPHERS_AVAILABLE", "NO_CIPHER_MATCH", "DH_KEY_TOO_SMALL", "UNSAFE_LEGACY_RENEGOTIATION_DISABLED"}
_WANTS_CERTIFICATE = {"TLSV13_ALERT_CERTIFICATE_REQUIRED"}
_REFUSED_CERTIFICATE = {"TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_ACCESS_DENIED", "TLSV1_ALERT_DECRYPT_ERROR"}
_REFUSED_CERTIFICATE |= {f"SSLV3_ALERT_{what}_CERTIFICATE" for what in ("BAD", "NO", "UNSUPPORTED")}
_REFUSED_CERTIFICATE |= {f"SSLV3_ALERT_CERTIFICATE_{what}" for what in ("EXPIRED", "REVOKED", "UNKNOWN")}
_UNKNOWN_NAME = {"TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME"}


def tls_fault(problem: ssl.SSLError, who: str, *, trust: Trust, of_proxy: str | None = None) -> TLSError:
    """The error for a connection that TLS did not secure.

    `who` is the host, its place, or the proxy with its address; `of_proxy` names the setting that a proxy comes from.
    """
    if isinstance(problem, ssl.SSLCertVerificationError):
        what, hint = _unproved(problem, who, trust, of_proxy)
        return TLSError(f"{_capital(who)} could not prove who it is: {what}.", hint=hint, doctor=True)
    what, hint = _failed(problem, of_proxy)
    return TLSError(f"{_capital(who)} {what}.", hint=hint, doctor=True)


def failed_handshake(problem: BaseException) -> ssl.SSLError | None:
    """The failure of a TLS handshake that an error stands for, if it does."""
    found = _ssl_error_in(problem)
    if found is None or hasattr(problem, "os_error"):  # an error of connecting
        return found
    # In TLS 1.3 the other side's no to our certificate comes when the handshake is over for us; all else that comes
    # later is a connection that broke.
    return found if found.reason in _WANTS_CERTIFICATE | _REFUSED_CERTIFICATE else None


def _ssl_error_in(problem: BaseException) -> ssl.SSLError | None:
    inner: BaseException | None = problem
    while inner is not None:
        cause = getattr(inner, "os_error", None) or inner.__cause__
        if isinstance(inner, ssl.SSLError) and cause is None:  # the library's own errors of TLS are of that class too
            return inner
        inner = cause
    return None


def reason(problem: BaseException) -> str:
    """A few words on a failure, without addresses and headers that a library's own text may hold."""
    inner = getattr(problem, "os_error", None) or problem
    if isinstance(inner, ssl.SSLError):
        return one_line((inner.reason or "TLS failed").replace("_", " ").lower())
    if isinstance(inner, OSError) and inner.strerror:
        # asyncio's text for a failed connection holds the address; the system's own words are enough.
        return one_line(os.strerror(inner.errno or 0) if "call failed" in inner.strerror else inner.strerror)
    if isinstance(inner, OSError) and str(inner).startswith("Multiple exceptions"):
        return "none of its addresses answers"
    if isinstance(inner, ConnectionError):
        return "the other side hung up"
    return one_line(type(inner).__name__)


def _unproved(problem: ssl.SSLCertVerificationError, who: str, trust: Trust, of_proxy: str | None) -> tuple[str, str]:
    code = problem.verify_code
    told = one_line(problem.verify_message or "").rstrip(".")
    owner = "Ask who runs it: it needs a new certificate."
    clock = f"Check this computer's clock, which says {shown_time(time.time())}"
    if code == _EXPIRED:
        return "its certificate has expired", f"{clock}; if it is right, the certificate has to be renewed there."
    if code == _NOT_YET_VALID:
        return "its certificate is not valid yet", f"{clock}."
    if code in _OTHER_HOST or (not code and "match" in told):
        if of_proxy:
            return "its certificate is for another host", f"Check {of_proxy}."
        return "its certificate is for another host", "Check the address; a proxy or a portal may stand in between."
    if code in _UNKNOWN_AUTHORITY:
        return f"its certificate is from an unknown authority ({told})", _authority_hint(who, trust, of_proxy)
    if code == _REVOKED:
        return "its certificate was revoked", "Send nothing there; ask who runs it."
    if code in _WEAK:
        return f"its certificate is too weak ({told})", owner
    if code == _WRONG_PURPOSE:
        return "its certificate is not one for servers", owner
    return f"its certificate is not valid ({told or 'no reason is known'})", owner


def _authority_hint(who: str, trust: Trust, of_proxy: str | None) -> str:
    if trust.has_bundle:
        return "The file of GIGACHAT_CA_BUNDLE_FILE does not hold that authority; add it there."
    if of_proxy:
        return "Give the proxy's authority, and the Russian Trusted Root CA with it, as GIGACHAT_CA_BUNDLE_FILE."
    if is_gigachat_host(who):
        return "A proxy or a portal may stand in between; give its authority as GIGACHAT_CA_BUNDLE_FILE."
    return "Give the authority that it should be proved by as GIGACHAT_CA_BUNDLE_FILE."


def _failed(problem: ssl.SSLError, of_proxy: str | None) -> tuple[str, str]:
    name = problem.reason or ""
    words = name.replace("_", " ").lower() or "TLS failed"
    if name in _NO_TLS:
        hint = f"Does its address begin with http://? Check {of_proxy}." if of_proxy else "Check its address and port."
        return f"does not speak TLS ({words})", hint
    if name in _NO_VERSION:
        return f"speaks no version of TLS that this computer accepts ({words})", "TLS 1.2 or newer is needed there."
    if name in _WANTS_CERTIFICATE:
        return "wants a client certificate", "Set GIGACHAT_CERT_FILE and GIGACHAT_KEY_FILE."
    if name in _REFUSED_CERTIFICATE:
        return f"refused our side of TLS ({words})", "Check GIGACHAT_CERT_FILE, where one is set, and who issued it."
    if name in _NO_CIPHER:
        hint = "It may want a client certificate (GIGACHAT_CERT_FILE), or ciphers that this computer does not accept."
        return f"could not agree on TLS ({words})", hint
    if name in _UNKNOWN_NAME:
        return f"does not know the host by this name ({words})", "Check its address."
    return f"made no secure connection ({words})", "Try again, or another network."


def _capital(text: str) -> str:
    # A host keeps its letters; "the proxy …" begins a sentence.
    return f"T{text[1:]}" if text.startswith("the ") else text
