"""Search: what a person types is always understood somehow, in Russian and English, and shown as it was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigachat_cli.errors import UsageError
from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store
from gigachat_cli.sessions.store import Store
from gigachat_cli.sessions.turns import SearchHit

TEXTS = {
    "Зачем ёжику иголки?": "Ёжик колючий, чтобы его не съели.\n\n    def ёж(): pass",
    "Explain the café culture": "People drink coffee in cafés and talk about docker compose files.",
    "What is a docker image?": "A docker image is a file system; compose is another tool.",
    "Как писать на C++ в Москве": "Московские программисты знают: `a->b` и 50% успеха.",
    "你好世界": "你好！ A greeting 👋🏽 in Chinese.",
    "long": "start " + "filler words here " * 400 + "needle in the middle " + "other words here " * 400,
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: Path = tmp_path_factory.mktemp("search") / "history.db"
    with open_store(path) as store:
        for prompt, answer in TEXTS.items():
            session = store.create_session("ask")
            turn_id = store.begin_turn(session.id, Message("user", prompt))
            store.finish_turn(turn_id, Answer(answer, complete=True))
        yield store


def prompts(store: Store, hits: list[SearchHit]) -> list[str]:
    return sorted(store.turn(each.turn_id).prompt.content.split()[0] for each in hits)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ежику", ["Зачем"]),
        ("ЁЖИКУ", ["Зачем"]),
        ("ежик", ["Зачем"]),
        ("иголк*", ["Зачем"]),
        ("иголк", ["Зачем"]),  # no word, so letter by letter
        ("Москв*", ["Как"]),
        ("московские", ["Как"]),
        ("cafe", ["Explain"]),
        ("CAFÉS", ["Explain"]),
        ("docker", ["Explain", "What"]),
        ("docker compose", ["Explain", "What"]),
        ('"docker compose"', ["Explain"]),
        ("«docker compose»", ["Explain"]),
        ('"docker comp*', ["Explain"]),
        ('"docker image" tool', ["What"]),
        ("docker culture", ["Explain"]),  # one word in the prompt, one in the answer
        ("C++", ["Как"]),
        ("a->b", ["Как"]),
        ("->", ["Как"]),
        ("50%", ["Как"]),
        ("世界", ["你好世界"]),
        ("👋🏽", ["你好世界"]),
        ("nothing of the kind", []),
        ("docker NOT image", []),
        ("prompt:docker", []),
    ],
)
def test_search_finds(filled: Store, text: str, found: list[str]) -> None:
    assert prompts(filled, filled.search(text)) == found


FORMS = {
    "Расскажи о башне Сююмбике": "Эта башня стоит в Казани. С башни виден Кремль; перед башнями гуляют.",
    "Which towers are leaning?": "The tower of Pisa leans. Happy tourists fly there; flying is quick.",
    "Онлайн-курсы по Python": "Есть онлайн-курс для начинающих и dockerfile к нему.",
    "Который час?": "Кот спит. Море спокойно. Который раз?",
    "морковь": "Морковка растёт в огороде, а не под ёлками.",
    "Сравни GPT-4 и GigaChat": "GigaChat-2-Max отвечает по-русски, GPT-4o тоже.",
}


@pytest.fixture(scope="module")
def in_forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("forms") / "history.db") as store:
        for prompt, answer in FORMS.items():
            turn_id = store.begin_turn(store.create_session("ask").id, Message("user", prompt))
            store.finish_turn(turn_id, Answer(answer, complete=True))
        yield store


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("башнями", ["Расскажи"]),
        ("БАШЕН башня", []),  # Snowball takes a fleeting vowel for another word
        ("башней КАЗАНЬ кремля", ["Расскажи"]),
        ("сююмб", ["Расскажи"]),
        ("СЮЮМБ башню", ["Расскажи"]),
        ("юмби", ["Расскажи"]),
        ("ЮМБИ", ["Расскажи"]),
        ('"башней"', []),  # quoted is as it is written
        ('"эта башня"', ["Расскажи"]),
        ("leaned tower", ["Which"]),
        ("happiness", ["Which"]),
        ("flies", ["Which"]),
        ("башню tower", []),
        ("питона python", []),
        ("Python курса", ["Онлайн-курсы"]),
        ("онлайн-курсом", ["Онлайн-курсы"]),
        ("онлайн-курсов", ["Онлайн-курсы"]),
        ("docker", ["Онлайн-курсы"]),  # no such word, so a beginning
        ("кота", ["Который"]),
        ("кот", ["Который"]),
        ("моря", ["Который"]),  # not морковь, which begins like the stem
        ("елка", ["морковь"]),
        ("ЁЛКОЙ", ["морковь"]),
        ("gpt-4", ["Сравни"]),
        ("по-русски", ["Сравни"]),
        ("gigachat 2 max", ["Сравни"]),
        ("в не а", ["морковь"]),
        ("и", ["Онлайн-курсы", "Сравни"]),  # words that tell little are words
        ("не под", ["морковь"]),
        ("башни?!», (Казань)…", ["Расскажи"]),
    ],
)
def test_search_finds_word_forms(in_forms: Store, text: str, found: list[str]) -> None:
    assert prompts(in_forms, in_forms.search(text)) == found


def test_found_forms_are_marked(in_forms: Store) -> None:
    (hit,) = in_forms.search("башню казань")
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["башня", "Казани", "башни", "башнями"]
    (hit,) = in_forms.search("сююмб")
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["Сююмб"]
    (hit,) = in_forms.search("онлайн-курсами")
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["Онлайн-курсы"]


def test_question_about_it_comes_before_a_mention_of_it(store: Store) -> None:
    for prompt, answer in [
        ("Что посмотреть в Казани?", "Кремль, озеро Кабан и башню, если останется время."),
        ("Зачем построили башню?", "Чтобы видеть врага издалека."),
        ("О чём-то другом", "Ничего."),
    ]:
        turn_id = store.begin_turn(store.create_session("ask").id, Message("user", prompt))
        store.finish_turn(turn_id, Answer(answer, complete=True))
    assert prompts(store, store.search("башня")) == ["Зачем", "Что"]
    assert [store.turn(each.turn_id).prompt.content[:5] for each in store.search("башня")] == ["Зачем", "Что п"]


def test_search_of_forms_leaves_the_tables_as_they_are(path: Path) -> None:
    with open_store(path) as store:
        turn_id = store.begin_turn(store.create_session("ask").id, Message("user", "о башнях"))
        store.finish_turn(turn_id, Answer("Стоят.", complete=True))
    connection = sqlite3.connect(path)
    before = connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()
    connection.close()
    with open_store(path) as store:
        assert len(store.search("башня")) == 1
        assert len(store.search("башня")) == 1
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone() == before
    connection.close()


def test_most_forms_of_most_words_are_still_one_query(store: Store) -> None:
    words = [f"{stem}{end}" for stem in ("башн", "стен", "ламп", "гор") for end in ("а", "ы", "е", "у", "ой", "ами")]
    turn_id = store.begin_turn(store.create_session("ask").id, Message("user", " ".join(words)))
    store.finish_turn(turn_id, Answer("-".join(words), complete=True))
    assert len(store.search(" ".join(words))) == 1
    assert len(store.search("-".join(words))) == 1
    assert len(store.search("гора-стена-лампа")) == 0
    assert len(store.search("башнями-стена")) == 1


def test_better_hit_comes_first(filled: Store) -> None:
    hits = filled.search("docker")
    assert filled.turn(hits[0].turn_id).prompt.content == "What is a docker image?"
    assert filled.search("docker", limit=1) == hits[:1]


def test_search_in_one_session_only(filled: Store) -> None:
    hits = filled.search("docker")
    assert filled.search("docker", session_id=hits[1].session_id) == hits[1:]


def test_snippet_is_as_it_was_written_with_its_matches(filled: Store) -> None:
    (hit,) = filled.search("ежик")
    assert hit.snippet == "Ёжик колючий, чтобы его не съели. def ёж(): pass"
    assert [hit.snippet[start:end] for start, end in hit.matches] == ["Ёжик"]
    assert hit.title == "Зачем ёжику иголки?"
    assert hit.number == 1


@pytest.mark.parametrize("text", ["needle", "eedl"])
def test_snippet_of_a_long_text_shows_the_place(filled: Store, text: str) -> None:
    (hit,) = filled.search(text)
    assert hit.snippet.startswith("…")
    assert hit.snippet.endswith("…")
    assert len(hit.snippet) < 250
    ((start, end),) = hit.matches
    assert hit.snippet[start:end] == text


def test_empty_search_is_a_usage_error(filled: Store) -> None:
    for text in ("", " \n\t", "\0"):
        with pytest.raises(UsageError):
            filled.search(text)


@given(
    text=st.text(
        st.one_of(
            st.characters(), st.sampled_from(list("\"*^(){}[]:+-.,;'\\/%_ «»“”\0\ud800")), st.sampled_from("aёе")
        ),
        max_size=30,
    )
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_a_syntax_error(filled: Store, text: str) -> None:
    if not text.replace("\0", " ").strip():
        with pytest.raises(UsageError):
            filled.search(text)
        return
    for hit in filled.search(text):
        assert all(0 <= start < end <= len(hit.snippet) for start, end in hit.matches)


@pytest.mark.parametrize(
    "text", ["AND", "OR NOT", "NEAR(a b, 3)", "a AND", '"', '""', '"*', "* a", "x " * 5000, "a" * 10**5]
)
def test_words_of_the_query_language_are_words(filled: Store, text: str) -> None:
    filled.search(text)


@given(st.lists(st.text("ёЁеЕ éабв\n\t\x01…", max_size=60), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_snippet_of_any_text_is_a_part_of_it(tmp_path_factory: pytest.TempPathFactory, answers: list[str]) -> None:
    with open_store(tmp_path_factory.mktemp("any") / "history.db") as store:
        session = store.create_session("ask")
        for answer in answers:
            turn_id = store.begin_turn(session.id, Message("user", "вопрос"))
            store.finish_turn(turn_id, Answer(f"{answer} елка", complete=True))
        hits = store.search("ёлка")
        assert len(hits) == len(answers)
        for hit in hits:
            written = " ".join(store.turn(hit.turn_id).messages[-1].content.split())
            shown = hit.snippet.removeprefix("…").removesuffix("…").strip()
            assert shown in written or "\x01" in written
            assert hit.snippet[hit.matches[-1][0] : hit.matches[-1][1]] == "елка" or "\x01" in written
