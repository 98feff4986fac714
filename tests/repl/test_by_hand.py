"""What was typed of a line, and what was not."""

from __future__ import annotations

import time

from gigachat_cli.repl.by_hand import ByHand


def typed(line: ByHand, text: str, *, after: str = "") -> str:
    for at in range(1, len(text) + 1):
        line.change(after + text[:at])
    return after + text


def shown(line: ByHand, text: str) -> str:
    return line.end(text).by_hand.replace("\0", "·")


def test_keys_are_typed_and_a_paste_is_not() -> None:
    line = ByHand()
    text = typed(line, "see @a ")
    line.change(text + "@b and c", pasted=True)
    text = typed(line, " @d", after=text + "@b and c")
    assert shown(line, text) == "see @a ·· ··· · @d"
    line.change(text.replace("@b", "@bb"))
    assert shown(line, text.replace("@b", "@bb")) == "see @a ··b ··· · @d"


def test_what_comes_at_once_was_not_typed() -> None:
    line = ByHand()
    line.change("from an editor @x")
    assert shown(line, "from an editor @x") == "···· ·· ······ ··"
    assert shown(line, "another line") == "······· ····"


def test_a_completion_was_chosen_by_hand() -> None:
    line = ByHand()
    text = typed(line, "see @ca")
    offered = ["see @cat.jpg", "see @car.jpg"]
    line.change("see @cat.jpg", offered=offered, cursor=12)
    assert shown(line, "see @cat.jpg") == "see @cat.jpg"
    line.change("see @car.jpg", offered=offered, cursor=12)
    assert shown(line, "see @car.jpg") == "see @car.jpg"
    line.begin()
    line.change("@ca", pasted=True)
    line.change("@cat.jpg", offered=["@cat.jpg"], cursor=8)
    assert shown(line, "@cat.jpg") == "···t.jpg"
    assert text == "see @ca"


def test_a_line_that_was_typed_is_recalled_as_typed_and_a_pasted_one_as_pasted() -> None:
    line = ByHand()
    typed(line, "see @a")
    line.begin()
    line.change("see @b", pasted=True)
    line.begin()
    line.change("see @a", recalled=True)
    assert shown(line, "see @a") == "see @a"
    line.change("see @b", recalled=True)
    assert shown(line, "see @b") == "··· ··"
    line.change("see @older", recalled=True)
    assert shown(line, "see @older") == "··· ······"
    line.begin()
    line.change("see @a", pasted=True)  # the same text, from elsewhere
    assert shown(line, "see @a") == "··· ··"


def test_a_deletion_that_is_taken_back_is_what_it_was() -> None:
    line = ByHand()
    line.change("@pasted ", pasted=True)
    text = typed(line, "@typed", after="@pasted ")
    line.change("")
    line.change(text)
    assert shown(line, text) == "······· @typed"


def test_an_empty_line_has_nothing_typed() -> None:
    line = ByHand()
    typed(line, "@/etc/passwd")
    line.begin()
    line.change("@/etc/passwd", pasted=True)
    assert shown(line, "@/etc/passwd") == "············"
    line.change("@/etc/passw", recalled=False)
    line.begin()
    assert shown(line, "") == ""


def test_letters_in_bytes_stay_letters() -> None:
    line = ByHand()
    text = typed(line, "\udcd0\udcb0@a")
    assert (line.end(text).text, shown(line, text)) == ("а@a", "а@a")


def test_keys_after_a_long_paste_are_quick() -> None:
    line = ByHand()
    paste = "word @x " * 250_000
    line.change(paste, pasted=True)
    began = time.perf_counter()
    for each in range(1, 21):
        line.change(paste + "y" * each)
    assert time.perf_counter() - began < 2
