"""The drawing of a question's way in docs/architecture.md names what there is, in the order in which it is passed."""

from __future__ import annotations

import inspect
import re

from gigachat_cli.conversation import Conversation, functions, schema

from .conftest import ROOT


def test_the_way_of_a_question_is_as_it_is_drawn() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = page.partition("## The way of a question")[2].partition("```")[2].partition("```")[0]
    stages = re.findall(r"^ {6}(\w+)", drawn, re.MULTILINE)
    assert stages == ["_with_files", "_uploaded", "only_what_fits", "_recorded", "in_tries", "in_rounds", "_requested"]
    for stage in stages:
        assert any(callable(getattr(home, stage, None)) for home in (Conversation, schema, functions)), stage
    asked, answered = (inspect.getsource(getattr(Conversation, each)) for each in ("_asked", "_answered"))
    # The inner stage is made first.
    assert asked.index("self._uploaded(") < asked.index("self._recorded(") < asked.index("only_what_fits(chunks")
    assert asked.index("self._answered(") > asked.index("self._recorded(")
    assert (
        answered.index("self._requested(") < answered.index("in_rounds(question") < answered.index("in_tries(question")
    )
