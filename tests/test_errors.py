from __future__ import annotations

import re

import pytest

from gigachat_cli import errors
from gigachat_cli.errors import GigaChatError, nearest

from .conftest import ROOT


def _all(kind: type[GigaChatError]) -> list[type[GigaChatError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _all(child))]


DRAWN = re.findall(r"^[│├└─ ]*(\w+Error) +(\d+)  (\w+)", errors.__doc__ or "", re.MULTILINE)


def test_the_drawn_tree_is_the_tree() -> None:
    assert {(kind.__name__, str(kind.exit_code), kind.code) for kind in _all(GigaChatError)} == set(DRAWN)


def test_the_drawn_branches_are_the_classes_parents() -> None:
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"([│├└─ ]*)(\w+Error)\b", line)
        if not found:
            continue
        depth = len(found[1]) // 4
        parents = [each.__name__ for each in getattr(errors, found[2]).__mro__[1:2]]
        assert parents == ([above[depth - 1]] if depth else ["Exception"]), line
        above[depth:] = [found[2]]


def test_code_words_are_unique_and_stable_in_form() -> None:
    words = [kind.code for kind in _all(GigaChatError)]
    assert len(words) == len(set(words))
    assert all(re.fullmatch(r"[a-z_]+", word) for word in words)


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (errors.ServiceError, 1),
        (errors.OutputError, 1),
        (errors.UsageError, 2),
        (errors.AuthenticationError, 3),
        (errors.NetworkError, 4),
        (errors.QuotaError, 5),
        (errors.NotAsAskedError, 6),
        (errors.ClosedPipeError, 141),
    ],
)
def test_a_branch_has_one_exit_code(kind: type[GigaChatError], exit_code: int) -> None:
    assert {each.exit_code for each in _all(kind)} == {exit_code}


def test_an_error_carries_what_a_person_and_a_script_need() -> None:
    problem = errors.KeyRefusedError("What happened.", hint="What to do.", status=401, request_id="id-1")
    assert str(problem) == problem.message == "What happened."
    assert (problem.hint, problem.status, problem.request_id) == ("What to do.", 401, "id-1")
    bare = GigaChatError("What happened.")
    assert (bare.hint, bare.status, bare.request_id) == (None, None, None)


def test_the_nearest_word_is_near_or_none() -> None:
    assert nearest("temprature", ["timeout", "temperature"]) == "temperature"
    assert nearest("xyzzy", ["timeout", "temperature"]) is None
    assert nearest("a", []) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It ended.", "It ended."),
        ("It ended: no way..", "It ended: no way."),
        ("It ended: no way!.", "It ended: no way!"),
        ("It ended: why?.", "It ended: why?"),
        ("It ended: a cut text….", "It ended: a cut text…"),
        ("It ended: and so on....", "It ended: and so on..."),
        ("Wait...", "Wait..."),
        ("", ""),
    ],
)
def test_a_sentence_ends_once(text: str, shown: str) -> None:
    """What others say may end with a stop of its own."""
    problem = GigaChatError(text, hint=text)
    assert (problem.message, str(problem), problem.hint or "") == (shown, shown, shown)


def test_only_the_shown_hint_sends_to_doctor() -> None:
    problem = GigaChatError("It failed.", hint="Try again.", doctor=True)
    assert problem.hint == "Try again. 'gigachat doctor' checks each step of the way."
    assert problem.next_step == "Try again."
    problem.hint = "Do something else."
    assert (problem.hint, problem.next_step) == ("Do something else.", "Do something else.")
    assert GigaChatError("It failed.", doctor=True).hint == "'gigachat doctor' checks each step of the way."
    assert GigaChatError("It failed.").hint is None


def test_no_hint_names_doctor_in_its_own_words() -> None:
    """The pointer is one flag, so that `doctor` itself can leave it out."""
    own = {ROOT / "gigachat_cli" / "errors.py"}
    texts = {path: path.read_text("utf-8") for path in (ROOT / "gigachat_cli").rglob("*.py") if path not in own}
    assert [str(path) for path, text in texts.items() if "gigachat doctor'" in text] == []
