"""Files: what is taken and kept, who may use it, and what a question with attachments is told."""

from __future__ import annotations

from typing import Any

import pytest

from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.pictures import picture

from .calling import Caller, content_of, events_of, text_of
from .conftest import Connect
from .jpeg import block_colours
from .wire import same_shape, sample, shape

MEGABYTE = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ODD = b"\r\n--boundary\r\n\x00\xff--\r\n\r\n"


def attach(*ids: str, text: str = "What is this?", **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, "attachments": list(ids), **more}


def test_upload_list_show_and_delete_have_the_known_form(caller: Caller) -> None:
    uploaded = caller.upload("счёт.pdf", ODD, "application/pdf")
    assert same_shape(uploaded.json(), "files.upload.200.json")
    caller.upload("b.txt")
    listed, file_id = caller.get("/files"), uploaded.json()["id"]
    assert same_shape(listed.json(), "files.list.200.json")
    shown = caller.get(f"/files/{file_id}")
    assert same_shape(shown.json(), "files.get.200.json")
    assert (shown.json()["filename"], shown.json()["bytes"]) == ("счёт.pdf", len(ODD))
    assert shown.json() == listed.json()["data"][0]
    deleted = caller.post(f"/files/{file_id}/delete")
    assert same_shape(deleted.json(), "files.delete.200.json")
    assert caller.get(f"/files/{file_id}").status_code == 404
    assert [row["filename"] for row in caller.get("/files").json()["data"]] == ["b.txt"]


@pytest.mark.parametrize("content", [ODD, PNG, b"\r\n", b"x" * 300_000])
def test_content_comes_back_byte_for_byte(caller: Caller, content: bytes) -> None:
    file_id = caller.upload("a.png", content, "image/png").json()["id"]
    response = caller.get(f"/files/{file_id}/content")
    assert response.content == content
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    ("mime", "status"),
    [
        ("application/pdf", 200),
        ("application/epub", 200),
        ("application/ppt", 200),
        ("application/vnd.ms-excel", 200),
        ("image/bmp", 200),
        ("audio/mp3", 200),
        ("audio/x-ogg", 200),
        ("text/plain; charset=utf-8", 200),
        ("application/epub+zip", 422),
        ("audio/mpeg", 422),
        ("text/csv", 422),
        ("image/gif", 422),
        ("application/octet-stream", 422),
    ],
)
def test_only_the_kinds_of_the_documents_are_taken(caller: Caller, mime: str, status: int) -> None:
    response = caller.upload("file", b"x", mime)
    assert response.status_code == status
    assert (mime in response.text) == (status == 422)


@pytest.mark.parametrize(("mime", "megabytes"), [("text/plain", 40), ("image/png", 15), ("audio/wav", 35)])
def test_a_file_above_its_limit_is_refused(caller: Caller, simulator: Simulator, mime: str, megabytes: int) -> None:
    assert caller.upload("file", b"x" * (megabytes * MEGABYTE + 1), mime).status_code == 413
    assert caller.upload("file", b"x" * (megabytes * MEGABYTE), mime).status_code == 200
    simulator.log.clear()


def test_empty_file_missing_parts_and_wrong_forms_are_refused(caller: Caller, simulator: Simulator) -> None:
    assert caller.upload(content=b"").status_code == 422
    address, headers = simulator.base_url + "/files", {"Authorization": f"Bearer {caller.token}"}
    file = {"file": ("a.txt", b"x", "text/plain")}
    for files, data in ((file, {}), (file, {"purpose": "art"}), ({"other": file["file"]}, {"purpose": "general"})):
        assert caller.http.post(address, files=files, data=data, headers=headers).status_code == 422
    broken = {**headers, "Content-Type": "multipart/form-data; boundary=b"}
    for body in (b"", b"--b\r\nnothing", b"--b\r\n\r\n\r\n--b--\r\n", b"--c--"):
        assert caller.http.post(address, content=body, headers=broken).status_code == 400
    assert caller.post("/files", {}).status_code == 400


def test_another_client_id_is_denied_in_the_documented_words(caller: Caller) -> None:
    file_id = caller.upload(X_Client_ID="one").json()["id"]
    other, none = {"X-Client-ID": "two"}, dict[str, str]()
    expected = sample("files.403.json").strip().replace("00000000-0000-4000-8000-000000000000", file_id)
    for headers in (other, none):
        for path in (f"/files/{file_id}", f"/files/{file_id}/content"):
            refused = caller.get(path, **headers)
            assert (refused.status_code, refused.text.strip()) == (403, expected)
        assert caller.post(f"/files/{file_id}/delete", **headers).status_code == 403
        assert caller.get("/files", **headers).json() == {"data": []}
        asked = caller.post("/chat/completions", {"model": "GigaChat-2", "messages": [attach(file_id)]}, **headers)
        assert asked.status_code == 403
    assert caller.get(f"/files/{file_id}", **{"X-Client-ID": "one"}).status_code == 200


def test_files_of_another_account_are_not_there(simulator: Simulator, caller: Caller, connect: Connect) -> None:
    file_id = caller.upload().json()["id"]
    other = connect(simulator)
    other.token = simulator.access_token(simulator.accounts.add_key("GIGACHAT_API_PERS"))
    assert other.get(f"/files/{file_id}").status_code == 404
    assert other.get("/files").json() == {"data": []}


def test_files_may_be_gone_on_the_server(caller: Caller, simulator: Simulator) -> None:
    file_id = caller.upload().json()["id"]
    assert [stored.id for stored in simulator.files.all(simulator.credentials)] == [file_id]
    simulator.files.forget()
    assert caller.get(f"/files/{file_id}").status_code == 404
    assert caller.chat(messages=[attach(file_id)]).status_code == 404


def test_answer_names_what_was_attached(caller: Caller) -> None:
    image = caller.upload("cat.png", PNG, "image/png").json()["id"]
    note = caller.upload("note.txt").json()["id"]
    answer = content_of(caller.chat(model="GigaChat-2-Max", messages=[attach(image, note)]))
    assert "the image cat.png, the document note.txt" in answer
    russian = content_of(caller.chat(messages=[attach(note, text="Что это?")]))
    assert "документ note.txt" in russian
    assert "note.txt" not in content_of(caller.chat("What is this?"))


def test_model_without_images_says_so(caller: Caller) -> None:
    image = caller.upload("cat.png", PNG, "image/png").json()["id"]
    for model, status in (
        ("GigaChat-3-Lightning", 422),
        ("GigaChat-2", 422),
        ("GigaChat-2-Pro", 200),
        ("GigaChat-3-Ultra", 200),
    ):
        response = caller.chat(model=model, messages=[attach(image)])
        assert response.status_code == status
        assert ("does not support images" in response.text) == (status == 422)


def test_images_are_counted_in_a_message_and_in_a_request(caller: Caller) -> None:
    ids = [caller.upload(f"{number}.png", PNG, "image/png").json()["id"] for number in range(11)]
    two = caller.chat(model="GigaChat-2-Max", messages=[attach(*ids[:2])])
    assert (two.status_code, "one image per message" in two.text) == (422, True)
    reply = {"role": "assistant", "content": "I see."}
    for count, status in ((10, 200), (11, 422)):
        messages = [message for file_id in ids[:count] for message in (attach(file_id), reply)]
        response = caller.chat(model="GigaChat-2-Max", messages=[*messages, {"role": "user", "content": "So?"}])
        assert response.status_code == status


def test_images_and_audio_together_stay_below_eighty_megabytes(caller: Caller, simulator: Simulator) -> None:
    key = simulator.credentials
    ids = [
        simulator.files.add(key, bytes(size * MEGABYTE), mime="audio/wav", filename="a.wav").id
        for size in (35, 35, 9, 10)
    ]
    assert caller.chat(messages=[attach(*ids[:3])]).status_code == 200
    assert caller.chat(messages=[attach(*ids[:2], ids[3])]).status_code == 413


def test_document_longer_than_the_context_is_refused(caller: Caller, simulator: Simulator) -> None:
    note = caller.upload("long.txt", b"word " * 2000).json()["id"]
    assert caller.chat(messages=[attach(note)]).json()["usage"]["prompt_tokens"] > 2000
    simulator.context_tokens = 1000
    assert caller.chat(messages=[attach(note)]).status_code == 422


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": "x", "attachments": ["id"]},
        {"role": "user", "content": "x", "attachments": "id"},
        {"role": "user", "content": "x", "attachments": [{"id": "x"}]},
    ],
)
def test_misplaced_attachments_are_refused(caller: Caller, message: dict[str, Any]) -> None:
    assert caller.chat(messages=[message, {"role": "user", "content": "x"}]).status_code == 422


@pytest.mark.parametrize("wish", ["Нарисуй розового кота", "Draw a pink cat"])
def test_picture_is_a_tag_between_words_and_a_jpeg_behind_it(caller: Caller, wish: str) -> None:
    response = caller.chat(wish, function_call="auto")
    assert same_shape(response.json(), "chat.image.200.json")
    tag, _, words = content_of(response).partition("/> ")
    assert tag.startswith('<img src="')
    assert tag.endswith('" fuse="true"')
    assert wish in words
    file_id = tag.split('"')[1]
    content = caller.get(f"/files/{file_id}/content").content
    assert content[:3] == b"\xff\xd8\xff"
    assert content[-2:] == b"\xff\xd9"
    assert wish.encode() in content


def test_picture_is_a_gradient_with_a_disc_in_colours_of_the_wish() -> None:
    seen = set()
    # Number 41 has a byte FF in its scan, which needs a zero after it.
    for number in (*range(20), 41):
        blocks = block_colours(picture(f"Draw cat {number}"))
        assert [len(row) for row in blocks] == [24] * 24
        disc = {blocks[row][column] for row, column in ((12, 12), (8, 12), (12, 16))}
        assert len(disc) == 1
        assert blocks[0][0] != blocks[23][23]
        steps = [abs(one - two) for one, two in zip(blocks[0][0], blocks[0][1], strict=True)]
        assert max(steps) <= 8
        seen.add((blocks[0][0], *disc))
    assert len(seen) == 21


def test_streamed_picture_tells_its_progress_first(caller: Caller) -> None:
    recorded, ours = (
        events_of(sample("chat.stream.image.200.sse")),
        events_of(caller.chat("Draw a cat", function_call="auto", stream=True).text),
    )
    assert [shape(event) for event in (*ours[:2], ours[-2])] == [
        shape(event) for event in (*recorded[:2], recorded[-2])
    ]
    assert ours[0]["choices"][0]["delta"]["name"] == "text2image"
    joined = "".join(event["choices"][0]["delta"]["content"] for event in ours[1:-1])
    whole = content_of(caller.chat("Draw a cat", function_call="auto"))
    assert joined.partition("/>")[2] == whole.partition("/>")[2]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"function_call": "none"},
        {
            "function_call": "auto",
            "functions": [{"name": "weather", "parameters": {"type": "object", "properties": {}}}],
        },
    ],
)
def test_without_leave_nothing_is_drawn(caller: Caller, fields: dict[str, Any]) -> None:
    assert "<img" not in content_of(caller.chat("Draw a cat", **fields))


def test_picture_is_drawn_when_listed_among_others_or_forced(caller: Caller) -> None:
    functions = [{"name": "weather", "parameters": {"type": "object", "properties": {}}}, {"name": "text2image"}]
    assert "<img" in content_of(caller.chat("Draw a cat", function_call="auto", functions=functions))
    assert "<img" in content_of(caller.chat("A cat", function_call={"name": "text2image"}))


def test_model_in_three_dimensions_needs_its_function_listed(caller: Caller) -> None:
    wish = "Сделай 3D-модель шара"
    assert "data-model-id" not in content_of(caller.chat(wish, function_call="auto"))
    answer = content_of(caller.chat(wish, function_call="auto", functions=[{"name": "text2model3d"}]))
    assert answer.startswith('<div data-model-id="')
    content = caller.get(f"/files/{answer.split(chr(34))[1]}/content").content
    assert content.startswith(b"; FBX")


def test_picture_of_one_client_id_is_denied_to_another(caller: Caller) -> None:
    body = {"model": "GigaChat-2", "function_call": "auto", "messages": [{"role": "user", "content": "Draw a cat"}]}
    answer = content_of(caller.post("/chat/completions", body, **{"X-Client-ID": "one"}))
    path = f"/files/{answer.split(chr(34))[1]}/content"
    assert caller.get(path).status_code == 403
    assert caller.get(path, **{"X-Client-ID": "one"}).status_code == 200


def test_exact_answer_goes_before_a_picture(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = "No."
    assert text_of(caller.chat("Draw a cat", function_call="auto", stream=True).text) == "No."
