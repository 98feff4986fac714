"""LaTeX formulas as Unicode text: `x_1^2` becomes `x₁²`, `\\frac{a+b}{c}` becomes `(a + b)/c`.

What has no Unicode form keeps an unambiguous plain one: `x^{ab}` becomes `x^(ab)` when a letter has no
superscript. pylatexenc is imported here and nowhere else, so import this module at the first formula.
"""

from __future__ import annotations

import logging
import re
from functools import cache, lru_cache

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec
from pylatexenc.latex2text import get_default_latex_context_db as default_texts
from pylatexenc.latexwalker import (
    LatexMacroNode,
    LatexNode,
    LatexWalker,
    LatexWalkerParseError,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import LatexContextDb, MacroSpec

from .scripts import subscript, superscript

_LONGEST = 4000  # a longer formula stays LaTeX: nobody reads it on one line, and parsing is not linear

_ROOTS = {"2": "√", "3": "∛", "4": "∜"}
_FUNCTIONS = (
    "sin cos tan tg cot ctg sec csc arcsin arccos arctan arctg sinh cosh tanh log ln lg exp lim sup inf max min "
    "det dim ker gcd deg arg"
)
_RELATIONS = (
    "leq le geq ge neq ne approx equiv sim simeq cong propto to rightarrow leftarrow Rightarrow Leftarrow "
    "leftrightarrow Leftrightarrow implies iff mapsto in notin ni subset subseteq supset cup cap setminus land lor "
    "wedge vee bmod times div cdot pm mp ll gg perp parallel mid forall exists"
)
# TeX gives these their own blanks; LaTeX source has them only by chance, and pylatexenc eats those.
_FUNCTION = re.compile(rf"\\({'|'.join(_FUNCTIONS.split())})(?![A-Za-z])[ \t]*(?![ \t^_])")
_RELATION = re.compile(rf"[ \t]*\\({'|'.join(_RELATIONS.split())})(?![A-Za-z])[ \t]*")
_SIMPLE = re.compile(
    r"\d+(?:[.,]\d+)?|[d∂]?[^\W\d_]|[^\W\d_]{3,}|[^\W_]?[⁰-₎²³¹ᵃ-ᵪ]+|[√∛∜]?\([^()]*\)|√(?:\d+|[^\W\d_])"
)
_FACTOR = re.compile(r"(/\d+|/\([^()]*\))(?=[^\W\d_])")  # 1/2 mv², for 1/2mv² would put mv² below
_TEXT_ARGUMENT = re.compile(r"\\(?:text|mathrm|textbf|textit|operatorname|mbox)\*?\s*\{[^{}]*\}")
_CASE = re.compile(r",?\s*(?<!\\)&")
_EMPTY_BRACKET = re.compile(r"\\(?:left|right)\s*\.")
_ALIGNMENT = re.compile(r"(?<!\\)&")
_ALIGNED = re.compile(r"\\(?:begin|end)\{(?:aligned|align|align\*|split|gather|gathered|equation|equation\*)\}")


@lru_cache(maxsize=512)
def to_unicode(latex: str) -> str:
    """Give a formula, without its dollar signs or brackets, as Unicode text of one or more lines.

    What cannot be read as LaTeX comes back as it was.
    """
    source = " ".join(latex.split())  # a line end means as much as a blank
    if not source or len(source) > _LONGEST:
        return source
    walker_context, converter = _converter()
    try:
        walker = LatexWalker(_prepared(source), latex_context=walker_context, tolerant_parsing=False)
        nodes, _, _ = walker.get_latex_nodes()
        text = converter.nodelist_to_text(nodes)
    except (LatexWalkerParseError, ValueError, TypeError, IndexError, AttributeError, RecursionError):
        # A model's LaTeX is often cut or wrong; pylatexenc answers with whatever breaks first.
        return source
    text = _FACTOR.sub(r"\1 ", text)
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line) or source


def _prepared(source: str) -> str:
    """Make scripts macros of our own, and drop what only aligns."""
    if _ALIGNED.search(source):
        source = _ALIGNMENT.sub("", _ALIGNED.sub("", source))
    if "{cases}" in source:
        source = _CASE.sub(r",\\ ", source)
    source = _RELATION.sub(r"{} \\\1{} ", _FUNCTION.sub(r"\\\1{} ", _EMPTY_BRACKET.sub("", source)))
    parts: list[str] = []
    start = 0
    for words in _TEXT_ARGUMENT.finditer(source):
        parts += [_with_scripts(source[start : words.start()]), words.group()]
        start = words.end()
    return "".join([*parts, _with_scripts(source[start:])])


def _with_scripts(source: str) -> str:
    source = re.sub(r"(?<!\\)\^\s*", r"\\gigasup ", source)
    source = re.sub(r"(?<!\\)_\s*", r"\\gigasub ", source)
    return source.replace("'", "′")


@cache
def _converter() -> tuple[LatexContextDb, LatexNodes2Text]:
    logging.getLogger("pylatexenc").addHandler(logging.NullHandler())
    logging.getLogger("pylatexenc").propagate = False  # it warns on stderr about LaTeX that a model wrote
    walker_context = get_default_latex_context_db()
    walker_context.add_context_category(
        "gigachat",
        prepend=True,
        macros=[
            MacroSpec("gigasup", "{"),
            MacroSpec("gigasub", "{"),
            *(MacroSpec(name, "{{") for name in ("frac", "dfrac", "tfrac", "cfrac", "binom")),
            MacroSpec("operatorname", "*{"),
            *(MacroSpec(name, "{") for name in ("boxed", "overline", "underline", "underbrace", "overbrace")),
            *(MacroSpec(name, "{") for name in ("mathbf", "boldsymbol", "tag", "pmod")),
        ],
    )
    texts = default_texts()
    functions = [MacroTextSpec(name, name) for name in _FUNCTIONS.split()]
    texts.add_context_category(
        "gigachat",
        prepend=True,
        macros=[
            MacroTextSpec("gigasup", _superscript),
            MacroTextSpec("gigasub", _subscript),
            *(MacroTextSpec(name, _fraction) for name in ("frac", "dfrac", "tfrac", "cfrac")),
            MacroTextSpec("sqrt", _root),
            MacroTextSpec("binom", "C(%s, %s)"),
            MacroTextSpec("operatorname", "%(2)s "),
            MacroTextSpec("boxed", "[%s]"),
            MacroTextSpec("bmod", "mod"),
            MacroTextSpec("pmod", " (mod %s)"),
            MacroTextSpec("tag", " (%s)"),
            *(MacroTextSpec(name, "%s") for name in ("overline", "underline", "underbrace", "overbrace")),
            *(MacroTextSpec(name, "") for name in ("displaystyle", "limits", "nolimits", "left", "right")),
            *(MacroTextSpec(name, "") for name in ("big", "Big", "bigg", "Bigg", "nonumber")),
            *(MacroTextSpec(name, "...") for name in ("ldots", "cdots", "dots")),
            *functions,
        ],
    )
    return walker_context, LatexNodes2Text(latex_context=texts, math_mode="text", keep_comments=True)


def _arguments(node: LatexMacroNode, converter: LatexNodes2Text) -> list[str]:
    given = node.nodeargd.argnlist if node.nodeargd else []
    return ["" if argument is None else _text(argument, converter) for argument in given]


def _text(node: LatexNode, converter: LatexNodes2Text) -> str:
    return str(converter.nodelist_to_text([node])).strip()


def _superscript(node: LatexMacroNode, l2tobj: LatexNodes2Text) -> str:
    return superscript(_arguments(node, l2tobj)[0])


def _subscript(node: LatexMacroNode, l2tobj: LatexNodes2Text) -> str:
    return subscript(_arguments(node, l2tobj)[0])


def _fraction(node: LatexMacroNode, l2tobj: LatexNodes2Text) -> str:
    above, below = _arguments(node, l2tobj)[-2:]
    return f"{_grouped(above)}/{_grouped(below)}"


def _root(node: LatexMacroNode, l2tobj: LatexNodes2Text) -> str:
    degree, inner = (["", *_arguments(node, l2tobj)])[-2:]
    sign = _ROOTS.get(degree or "2") or superscript(degree, mark="") + "√"
    return f"{sign}{_grouped(inner)}" if len(inner) == 1 or inner.isdigit() else f"{sign}({inner})"


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"
