"""A plain HTTP client for one simulator, and what reads its streams."""

from __future__ import annotations

import json
import ssl
import uuid
from typing import Any

import httpx

from gigachat_cli.simulator import Simulator


class Caller:
    """An HTTP client that knows the addresses of one simulator and trusts its authority."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.tls = ssl.create_default_context(cafile=simulator.ca_file)
        self.http = httpx.Client(verify=self.tls, trust_env=False, timeout=20)
        self.token = simulator.access_token()

    def oauth(
        self, *, key: str | None = None, scope: str | None = "GIGACHAT_API_PERS", **headers: str | None
    ) -> httpx.Response:
        """Ask for an access token; a header given as None is left out."""
        sent: dict[str, str | None] = {
            "RqUID": str(uuid.uuid4()),
            "Authorization": f"Basic {key or self.simulator.credentials}",
        }
        sent.update(headers)
        data = {} if scope is None else {"scope": scope}
        kept = {name: text for name, text in sent.items() if text is not None}
        return self.http.post(self.simulator.auth_url, data=data, headers=kept)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET below the base address."""
        return self.http.get(self.simulator.base_url + path, headers=self._headers(headers))

    def post(self, path: str, json: Any = None, **headers: str) -> httpx.Response:
        """POST JSON below the base address."""
        return self.http.post(self.simulator.base_url + path, json=json, headers=self._headers(headers))

    def upload(
        self, name: str = "note.txt", content: bytes = b"some text", mime: str = "text/plain", **headers: str
    ) -> httpx.Response:
        """Upload one file."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        return self.http.post(
            self.simulator.base_url + "/files",
            files={"file": (name, content, mime)},
            data={"purpose": "general"},
            headers={"Authorization": f"Bearer {self.token}", **sent},
        )

    def ask_v2(self, text: str = "Hello", **fields: Any) -> httpx.Response:
        """One chat request of API v2, read to its end."""
        message = {"role": "user", "content": [{"text": text}]}
        body = {"model": "GigaChat-3-Ultra", "messages": [message], **fields}
        address = self.simulator.base_url.replace("/v1", "/v2") + "/chat/completions"
        return self.http.post(address, json=body, headers=self._headers({}))

    def ask(self, place: str) -> httpx.Response:
        """One plain request to ``chat``, ``models`` or ``oauth``."""
        if place == "oauth":
            return self.oauth()
        return self.get("/models") if place == "models" else self.chat()

    def chat(self, content: str = "Hello", **fields: Any) -> httpx.Response:
        """One chat request, read to its end; fields given replace those of a plain request."""
        return self.http.post(self._chat_url, content=self.body(content, **fields), headers=self._headers({}))

    def open_chat(self, content: str = "Hello", **fields: Any) -> Any:
        """One streamed chat request as a context manager that yields the response with its headers read."""
        body = self.body(content, **{"stream": True, **fields})
        return self.http.stream("POST", self._chat_url, content=body, headers=self._headers({}))

    def body(self, content: str = "Hello", **fields: Any) -> bytes:
        """Return a request body."""
        request = {"model": "GigaChat-2", "messages": [{"role": "user", "content": content}], **fields}
        return json.dumps(request, ensure_ascii=False).encode()

    @property
    def _chat_url(self) -> str:
        return self.simulator.base_url + "/chat/completions"

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **more}


def events_of(body: str) -> list[Any]:
    """Return the decoded events of a stream, ``[DONE]`` as that text."""
    lines = [line.removeprefix("data: ") for line in body.split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(body: str) -> str:
    """Return the text of a stream."""
    return "".join(event["choices"][0]["delta"]["content"] for event in events_of(body) if event != "[DONE]")


def named_events_of(body: str) -> list[tuple[str, Any]]:
    """Return the named events of a stream of API v2, decoded."""
    events = []
    for block in filter(None, body.split("\n\n")):
        name, data = block.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


def content_of(response: httpx.Response) -> str:
    """Return the text of a whole answer."""
    text: str = response.json()["choices"][0]["message"]["content"]
    return text
