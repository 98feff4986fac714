"""What Markdown looks like: the options, the styles of each theme, and their escape sequences.

Styles are rich's, so that colours degrade to those that the terminal can show.  Markup is shown by weight, a few
colours and light rules; no line is padded, and there are no boxes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from rich.color import ColorSystem
from rich.style import Style

from .rows import Ink

LONGEST_HIGHLIGHTED = 1000
"""How many characters a line of code may have to be coloured: lexers are slow on longer ones, which nobody reads."""

ColorDepth = Literal["none", "standard", "256", "truecolor"]
Theme = Literal["dark", "light"]

_CLICKABLE = re.compile(r"https?://[^/?#]|mailto:.", re.IGNORECASE)
_LONGEST_ADDRESS = 2000  # what terminals take
_IN_ADDRESS = "%/:?#[]@!$&'()*+,;=~"


@dataclass(frozen=True, slots=True)
class MarkdownOptions:
    """How Markdown is shown.

    `wrap` bounds the width of everything but code, in cells. An empty `code_theme` follows `theme`; otherwise
    it is the name of a pygments style. With `tabs` code has its tabs, for a terminal that copies them.
    """

    theme: Theme = "dark"
    code_theme: str = ""
    wrap: int | None = None
    formulas: bool = True
    color: ColorDepth = "truecolor"
    hyperlinks: bool = True
    tabs: bool = False


_STYLES: dict[Theme, dict[str, str]] = {
    "dark": {
        "text": "",
        "h1": "bold bright_cyan",
        "h2": "bold underline cyan",
        "h3": "bold cyan",
        "h4": "bold",
        "h5": "bold italic",
        "h6": "italic",
        "strong": "bold",
        "em": "italic",
        "s": "strike",
        "u": "underline",
        "code": "bright_yellow",
        "link": "underline bright_blue",
        "url": "bright_blue",
        "formula": "bright_magenta",
        "bullet": "cyan",
        "faint": "bright_black",
        "table_head": "bold",
    },
    "light": {
        "text": "",
        "h1": "bold blue",
        "h2": "bold underline blue",
        "h3": "bold blue",
        "h4": "bold",
        "h5": "bold italic",
        "h6": "italic",
        "strong": "bold",
        "em": "italic",
        "s": "strike",
        "u": "underline",
        "code": "red",
        "link": "underline blue",
        "url": "blue",
        "formula": "magenta",
        "bullet": "blue",
        "faint": "bright_black",
        "table_head": "bold",
    },
}
_CODE_THEMES: dict[Theme, str] = {"dark": "monokai", "light": "default"}
_DEPTHS = {
    "none": ColorSystem.TRUECOLOR,
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}


class Look:
    """The options and everything that follows from them, computed once for an answer."""

    def __init__(self, options: MarkdownOptions) -> None:
        self.options = options
        self.code_theme = options.code_theme or _CODE_THEMES[options.theme]
        self._styles = {name: Style.parse(words) for name, words in _STYLES[options.theme].items()}
        self._inks: dict[tuple[Style, str], Ink] = {}

    def style(self, name: str) -> Style:
        return self._styles[name]

    def named(self, name: str) -> Ink:
        """Give the ink of a style by its name."""
        return self.ink(self._styles[name])

    def ink(self, style: Style, link: str = "") -> Ink:
        """The ink of a style, with a hyperlink to an address if there is one."""
        known = self._inks.get((style, link))
        if known is None:
            if len(self._inks) > 1000:
                self._inks.clear()
            known = self._inks[style, link] = self._make_ink(style, link)
        return known

    def link_to(self, address: str) -> str:
        """The target of a hyperlink to an address of an answer; empty where there is no link, and the address is shown.

        A click may open a web page or begin a mail.  Any other scheme, or none, would start whatever the desktop has
        for it: a program, a file of this machine, a call.
        """
        if not self.options.hyperlinks or not _CLICKABLE.match(address) or len(address) > _LONGEST_ADDRESS:
            return ""
        seen = "".join(each for each in address if each.isprintable() and not each.isspace())
        return quote(seen, safe=_IN_ADDRESS)

    def _make_ink(self, style: Style, link: str) -> Ink:
        shown = style.without_color if self.options.color == "none" else style
        before, _, after = shown.render("\0", color_system=_DEPTHS[self.options.color]).partition("\0")
        if link:
            return Ink(f"\x1b]8;;{link}\x1b\\{before}", f"{after}\x1b]8;;\x1b\\")
        return Ink(before, after)

    def prose_width(self, width: int) -> int:
        """Limit a width in cells by the `wrap` option.

        The last column stays empty: terminals differ in how a full row affects combining marks and erasing.
        """
        return min(width - 1, self.options.wrap or width)
