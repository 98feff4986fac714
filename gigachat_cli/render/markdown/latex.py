"""Reads the LaTeX of a formula into pieces; the meaning of each command is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .grids import beside, bracketed
from .latex_source import SIGNS, LatexSource, Unreadable
from .scripts import subscript, superscript
from .setting import Kind, Piece, close, fraction, linear, rows, with_script
from .structures import accented, arc, as_aligned, as_cases, as_matrix, negated, one_above, trimmed
from .symbols import (
    ACCENTS,
    ARCS,
    AROUND,
    ARROWS,
    COLOURED,
    DERIVATIVES,
    FONTS,
    FRACTIONS,
    FUNCTIONS,
    HIDDEN,
    LENGTHS,
    SILENT,
    SPACES,
    TEXTS,
    WITH_LIMITS,
    in_alphabet,
    names,
    symbols,
)

_DEEPEST = 40
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_STACKED = {"\\choose": "C", "\\atop": "(", "\\brace": "{", "\\brack": "["}
_DEFINITIONS = names("def gdef edef let newcommand renewcommand providecommand DeclareMathOperator above")
_ESCAPED = {"{": "open", "}": "close", "|": "letter"}
_MATRICES = {
    "matrix": "  ", "smallmatrix": "  ", "pmatrix": "()", "bmatrix": "[]", "Bmatrix": "{}", "vmatrix": "||",
    "Vmatrix": "‖‖", "psmallmatrix": "()", "bsmallmatrix": "[]", "array": "  ", "darray": "  ", "subarray": "  ",
    "tabular": "  ",
}  # fmt: skip
_CASES = frozenset({"cases", "dcases", "rcases", "drcases"})
_ALIGNED = names("""
aligned align alignat alignedat split gather gathered equation eqnarray multline flalign displaymath math CD
""")


class Reader(LatexSource):
    """Reads one formula, in time proportional to its length."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._depth = 0

    def whole(self) -> list[Piece]:
        """The whole formula.  Raises Unreadable when brackets or environments do not match."""
        lines = self._lines(None)
        if self.at < len(self.items):
            raise Unreadable
        if len(lines) == 1 and len(lines[0]) == 1:
            return lines[0][0]
        return [as_aligned(lines)]

    # Lists of pieces

    def _lines(self, end: str | None) -> list[list[list[Piece]]]:
        r"""Rows of cells up to `\end{…}` or the end of the source; empty rows are left out.

        A row without cells is a rule between others.
        """
        lines: list[list[list[Piece]]] = [[]]
        while True:
            if not lines[-1] and self._rule() and any(map(_is_filled, lines)):
                lines[-1:] = [[], []]
            lines[-1].append(self._pieces(("&", "\\\\", "\\cr", "\\end", "\\newline")))
            item = self.next()
            if item in ("\\\\", "\\cr", "\\newline"):
                self.option()
                lines.append([])
            elif item == "\\end":
                if end is None or self.raw() != end:
                    raise Unreadable
                break
            elif item is None:
                if end is not None:
                    raise Unreadable
                break
        lines = [line for line in lines if not line or _is_filled(line)]
        while lines and not lines[-1]:
            lines.pop()
        return lines or [[[]]]

    def _rule(self) -> bool:
        """Skip the rules here, and return whether there were any."""
        at = self.at
        self.skip_blanks()
        found = False
        while self.peek() in ("\\hline", "\\hdashline"):
            self.next()
            self.skip_blanks()
            found = True
        if not found:
            self.at = at
        return found

    def _pieces(self, stops: Sequence[str]) -> list[Piece]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable
        pieces: list[Piece] = []
        while (item := self.peek()) is not None and item not in stops:
            if item in ("}", "\\right", "\\end"):
                raise Unreadable
            if item == "\\over" or item in _STACKED:
                self.next()
                below = self._pieces(stops)
                if not linear(pieces) or not linear(below):
                    raise Unreadable
                pieces = [fraction(pieces, below) if item == "\\over" else one_above(pieces, below, _STACKED[item])]
                break
            if item in ("^", "_", "'", "’"):
                pieces.append(with_script([], self._scripts()))
                continue
            pieces += self._scripted(self._atom())
        self._depth -= 1
        return pieces

    def _scripted(self, base: list[Piece]) -> list[Piece]:
        at = self.at
        self.skip_blanks()
        if self.peek() in ("\\limits", "\\nolimits"):
            self.next()
            self.skip_blanks()
        kind = base[-1].kind if base else "letter"
        apart = kind in ("space", "gap") or (self.at > at and kind in ("sign", "relation", "binary", "comma", "open"))
        if self.peek() not in ("^", "_", "'", "’") or apart:
            self.at = at
            return base
        if base and base[-1].grid is not None:
            return [replace(base[-1], text=base[-1].text + (script := self._scripts())), Piece("letter", script)]
        return [with_script(base, self._scripts())]

    def _scripts(self) -> str:
        primes, above, below = "", "", ""
        while (item := self.peek()) is not None:
            if item in ("'", "’"):
                self.next()
                primes += "′"
            elif item == "^" and not above:
                self.next()
                above = self._script_of(superscript)
            elif item == "_" and not below:
                self.next()
                below = self._script_of(subscript)
            elif item.isspace() and self.peek(1) in ("^", "_"):
                self.next()
            elif item in ("^", "_"):
                raise Unreadable  # a second one on the same side
            else:
                break
        primes = primes.replace("′′′", "‴").replace("′′", "″")
        return f"{primes}{below}{above}"

    def _script_of(self, script: Callable[[str], str]) -> str:
        pieces = self._argument()
        text = linear(close(pieces))
        if not text:
            return ""
        if script is superscript and text in ("∘", "°"):
            return "°"
        if script is superscript and not text.strip("′*†"):
            return text if text.strip("*") else f"^{text}" if len(text) == 1 else f"^({text})"
        return script(text)

    def _argument(self) -> list[Piece]:
        """The argument of a command or script: a group, a command with its own arguments, or one character."""
        self.skip_blanks()
        item = self.peek()
        if item is None or item in ("}", "&", "^", "_", "\\\\", "\\right", "\\end"):
            raise Unreadable
        if item.isdigit():
            self.next()
            return [Piece("number", item)]
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable
        pieces = self._atom()
        self._depth -= 1
        return pieces

    # Atoms

    def _atom(self) -> list[Piece]:
        item = self.next()
        if item is None:
            raise Unreadable
        if item == "{":
            pieces = self._pieces(("}",))
            if self.next() != "}":
                raise Unreadable
            return pieces
        if item.isspace():
            return [Piece("space", " ")]
        if item == "~":
            return [Piece("gap", " ")]
        if len(item) > 1 and item[0] == "\\":
            return self._command(item[1:])
        if item == "\\" or item in "&#":
            raise Unreadable
        if item == "$":
            return []
        return [self._character(item)]

    def _character(self, item: str) -> Piece:
        if item.isdigit():
            digits = [item]
            while (item := self.peek() or "") and (item.isdigit() or (item in ".," and (self.peek(1) or "").isdigit())):
                digits.append(self.next() or "")
            return Piece("number", "".join(digits))
        if item.isalpha() and not item.isascii():
            letters = [item]
            while (item := self.peek() or "") and item.isalpha() and not item.isascii():
                letters.append(self.next() or "")
            return Piece("word" if len(letters) > 1 else "letter", "".join(letters))
        kind: Kind = "letter"
        if item in SIGNS:
            kind = "sign"
        elif item in "([":
            kind = "open"
        elif item in ")]":
            kind = "close"
        elif item in ",;":
            kind = "comma"
        return Piece(kind, item)

    def _command(self, name: str) -> list[Piece]:
        star = name.endswith("*")
        bare = name.rstrip("*") if name[:1].isalpha() else name
        at = self.at
        if bare.isalpha():
            self.skip_blanks_after(bare)
        if bare in SPACES:
            return [Piece("gap", SPACES[bare])] if SPACES[bare] else []
        if bare == "colon":
            return [Piece("comma", ":"), Piece("gap", " ")]
        if bare in symbols():
            kind, glyph = symbols()[bare]
            if glyph in "△\\…⋯" and self._stands_apart(at):
                if kind == "letter" and glyph in "△\\":
                    kind = "binary"
                else:
                    self.at = at  # the blank after it is shown as the one before it is
            return [Piece(kind, glyph)]  # type: ignore[arg-type]  # the kinds of the table are kinds of pieces
        if bare in FUNCTIONS:
            return [Piece("large" if bare in WITH_LIMITS else "function", FUNCTIONS[bare])]
        if bare in SILENT:
            return []
        if bare in _ESCAPED:
            return [Piece("open", "{") if bare == "{" else Piece("close", "}") if bare == "}" else Piece("letter", "‖")]
        if not bare.isalpha():
            return [Piece("letter", bare)] if bare in "%$#&_-" else [Piece("letter", f"\\{bare}")]
        found = self._structure(bare) or self._wrapped(bare, star=star)
        if found is not None:
            return found
        written = self.as_written()
        if not written:
            self.at = at  # the blank that ends its name is shown with it
        return [Piece("word", f"\\{name}{written}")]

    def _stands_apart(self, at: int) -> bool:
        """Whether the command before this place has blanks on both sides."""
        around = self.items[max(0, at - 2) : at + 1 : 2]
        return len(around) == 2 and all(item.isspace() for item in around)

    def _structure(self, name: str) -> list[Piece] | None:
        """A structure of several parts."""
        if name in FRACTIONS:
            self.option()
            return [fraction(self._argument(), self._argument())]
        if name in _DEFINITIONS:
            raise Unreadable
        if name == "genfrac":
            left, _, bar, _ = (self.raw() for _ in range(4))
            above, below = self._argument(), self._argument()
            return [one_above(above, below, left.strip("\\") or "(") if bar.startswith("0") else fraction(above, below)]
        if name in ("binom", "dbinom", "tbinom"):
            return [one_above(self._argument(), self._argument(), "(")]
        if name in DERIVATIVES:
            order = superscript(order) if (order := self.option()) else ""
            sign, above, below = DERIVATIVES[name], self._argument(), self._argument()
            return [
                fraction([Piece("letter", sign + order), *above], [Piece("letter", sign), with_script(below, order)])
            ]
        if name == "sqrt":
            return [self._root()]
        if name == "left":
            return self._between_brackets()
        if name == "begin":
            return [self._environment()]
        if name in ARROWS:
            option, over = self.option(), linear(self._argument())
            under = linear(Reader(option)._pieces(())) if option else ""
            label = "; ".join(filter(None, [over, under]))
            return [Piece("relation", ARROWS[name] + (f"({label})" if label else ""))]
        if name in ("overset", "stackrel", "underset"):
            mark, base = linear(self._argument()), self._argument()
            if mark in ARCS:
                return [arc(base)]
            script = subscript(mark) if name == "underset" else superscript(mark)
            return [with_script(base, script)]
        if name == "substack":
            inner = Reader(self.raw())
            return [Piece("word", ", ".join(linear(cell) for line in inner._lines(None) for cell in line))]
        if name == "not":
            return [negated(self._argument())]
        if name in ("ce", "pu", "SI", "qty", "num", "si", "unit", "ang"):
            return self._science(name)
        return None

    def _wrapped(self, name: str, *, star: bool) -> list[Piece] | None:
        """A command with one argument."""
        if name in ACCENTS:
            return [accented(name, self._argument())]
        if name in ARCS:
            return [arc(self._argument())]
        if name in FONTS:
            inner = self._argument()
            is_function = name == "mathrm" and (text := linear(inner)) in FUNCTIONS and len(text) > 1
            return [Piece("function", text)] if is_function else inner
        if name in TEXTS:
            return [Piece("word", _words(self.raw()))]
        if name in ("operatorname", "operatornamewithlimits"):
            return [Piece("function", linear(self._argument()))]
        if name in ("mathop", "mathrel", "mathbin"):
            kind: Kind = {"mathop": "function", "mathrel": "relation", "mathbin": "binary"}[name]  # type: ignore[assignment]  # by name
            return [Piece(kind, linear(self._argument()))]
        if name in AROUND:
            before, after = AROUND[name]
            space = [Piece("gap", " ")] if name in ("pmod", "tag", "pod") else []
            return [*space, *_bracketed(self._argument(), before, after)]
        if name in LENGTHS:
            self.skip_length()
            return [Piece("gap", " ")] if name[0] == "h" else []
        if name in HIDDEN:
            self.option()
            for _ in range(HIDDEN[name]):
                self.raw()
            return []
        if name == "mathchoice":
            shown = self._argument()
            for _ in range(3):
                self.raw()
            return shown
        if name == "verb":
            return [Piece("word", self.verbatim())]
        if name in COLOURED:
            for _ in range(COLOURED[name]):
                self.raw()
            return self._argument()
        if name == "color":
            self.raw()
            return []
        if (alphabet := in_alphabet(name, "")) is not None:
            text = linear(self._argument())
            alphabet = in_alphabet(name, text)
            return [Piece("letter", alphabet or text)]
        return None

    def _science(self, name: str) -> list[Piece]:
        """Chemistry, and quantities with their units."""
        from .chemistry import angle, chemistry, quantity

        if name == "ce":
            return [Piece("letter", chemistry(self.raw()))]
        if name == "ang":
            return [Piece("number", angle(self.raw()))]
        self.option()
        parts = [quantity(self.raw()) for _ in range(2 if name in ("SI", "qty") else 1)]
        return [Piece("word", " ".join(parts))]

    def _root(self) -> Piece:
        degree = self.option()
        self.skip_blanks()
        # \sqrt10 means the root of ten, whatever TeX makes of it
        inner = [self._character(self.next() or "")] if (self.peek() or "").isdigit() else self._argument()
        shown = linear(Reader(degree)._pieces(())) if degree else ""
        sign = _ROOTS.get(shown) or superscript(shown, mark="") + "√"
        text = linear(inner)
        single = len(inner) == 1 and inner[0].kind in ("number", "letter") and not inner[0].scripted
        return Piece("root", f"{sign}{text}" if single else f"{sign}({text})")

    def _between_brackets(self) -> list[Piece]:
        left = self._delimiter()
        parts: list[Piece] = self._pieces(("\\right", "\\middle"))
        while self.peek() == "\\middle":
            self.next()
            parts += [Piece("letter", self._delimiter()), *self._pieces(("\\right", "\\middle"))]
        if self.next() != "\\right":
            raise Unreadable
        right = self._delimiter()
        parts = trimmed(parts)
        if not left and right and not any(piece.grid for piece in parts):  # its scripts are those of the bracket
            return [Piece("letter", linear(parts) + right)]
        return _bracketed(parts, left, right)

    def _delimiter(self) -> str:
        self.skip_blanks()
        item = self.next()
        if item is None or item == "{":
            raise Unreadable
        if item == ".":
            return ""
        if item[0] != "\\":
            return item
        name = item[1:]
        self.skip_blanks_after(name)
        return {"{": "{", "}": "}", "|": "‖"}.get(name) or symbols().get(name, ("", item))[1]

    def _environment(self) -> Piece:
        name = self.raw()
        bare = name.rstrip("*")
        if bare in _MATRICES:
            columns = self.raw() if bare in ("array", "darray", "subarray", "tabular") else ""
            return as_matrix(self._lines(name), _MATRICES[bare], columns)
        if bare in _CASES:
            return as_cases(self._lines(name), right="rcases" in bare)
        if bare in _ALIGNED:
            if bare in ("alignat", "alignedat"):
                self.raw()
            self.option()
            return as_aligned(self._lines(name))
        raise Unreadable


def _is_filled(line: Sequence[Sequence[Piece]]) -> bool:
    return any(map(linear, line))


def _bracketed(parts: list[Piece], left: str, right: str) -> list[Piece]:
    """Pieces between brackets; an empty bracket is left out."""
    if any(piece.grid for piece in parts):
        flat = f"{left}{linear(parts)}{right}"
        return [Piece("letter", flat, bracketed(beside(rows(parts)), left, right))]
    return [Piece("open", left), *parts, *([Piece("close", right)] if right else [])] if left else parts


def _words(source: str) -> str:
    """Text within a formula, which may contain formulas."""
    text = LatexSource(source)
    shown: list[str] = []
    while (item := text.next()) is not None:
        if item in ("$", "\\("):
            closer = "$" if item == "$" else "\\)"
            inner = text.until(closer)
            shown.append(item if inner is None else linear(Reader(inner).whole()))
        elif item[0] == "\\" and len(item) > 1:
            shown.append(_in_text(item[1:], text))
        elif item not in ("{", "}"):
            shown.append(" " if item == "~" else item)
    return "".join(shown)


def _in_text(name: str, text: LatexSource) -> str:
    if name in TEXTS or name in FONTS:
        return ""
    if name == "\\" or SPACES.get(name):
        return " "
    if name in symbols():
        text.skip_blanks_after(name)
        return symbols()[name][1]
    return name if name in "%$#&_{}" else f"\\{name}"
