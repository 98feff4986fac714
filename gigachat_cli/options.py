"""Options: what a person can choose, each declared once.

An option is an attribute of a class, which `option` declares: `settings.Settings` has those that last, `commands.flags`
those of one command line.  Flags and their help, variables, keys of config.toml, the chat's /set, columns of a batch,
and fields of requests are made from the declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

ANSWER = "The answer"
CONNECTION = "Connection"
FUNCTIONS = "Functions"
OUTPUT = "Output"
"""Headings of the help, under which flags stand together."""


class Option:
    """The declaration of one option.

    `parse` gives the value that is meant, or says in a ValueError what is wanted.  `flags` are the long one and the
    short one, with a blank between them; `brief` is the help of the flag where it can be shorter than `help`.
    `completion` names one of `cli/completions`.  A `field` is sent in chat requests under the option's name: with
    every one, or only for an answer that streams.
    """

    __slots__ = (
        "brief",
        "completion",
        "default",
        "field",
        "flags",
        "help",
        "metavar",
        "name",
        "panel",
        "parse",
        "secret",
        "type",
    )

    def __init__(
        self,
        default: Any,
        help: str,
        parse: Callable[[object], Any] | None = None,
        flags: str = "",
        *,
        brief: str | None = None,
        metavar: str | None = None,
        panel: str | None = None,
        completion: str | None = None,
        field: Literal["answer", "stream"] | None = None,
        secret: bool = False,
    ) -> None:
        self.name = ""
        self.type: Any = None
        self.default = default
        self.help = help
        self.flags = tuple(flags.split())
        self.parse = parse or _as_given
        self.brief = brief
        self.metavar = metavar
        self.panel = panel
        self.completion = completion
        self.field = field
        self.secret = secret

    @property
    def flag(self) -> str | None:
        """The long flag of a setting; None for one that has none."""
        return self.flags[0] if self.flags else None

    @property
    def variable(self) -> str:
        """The environment variable of a setting."""
        return f"GIGACHAT_{self.name.upper()}"


def _as_given(value: object) -> object:
    return value


option: Callable[..., Any] = Option
"""Declares an attribute of a class of options, which has the type that stands beside its name."""


class Options:
    """Values of options, which do not change: each that is not given has its default.

    `declared` are the options of the class by name, those of its parents first.
    """

    declared: ClassVar[dict[str, Option]] = {}

    def __init_subclass__(cls) -> None:
        own = {name: each for name, each in vars(cls).items() if isinstance(each, Option)}
        for name, each in own.items():
            each.name, each.type = name, cls.__annotations__[name]
        cls.declared = {**cls.declared, **own}

    def __init__(self, **given: Any) -> None:
        values = {name: given.pop(name, each.default) for name, each in self.declared.items()}
        if given:
            raise TypeError(f"{type(self).__name__} has no option {', '.join(given)}")
        self.__dict__.update(values)

    def replace(self, **changed: Any) -> Self:
        """The same with other values."""
        return type(self)(**{**self.__dict__, **changed})

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} does not change")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        shown = (f"{name}={self.__dict__[name]!r}" for name, each in self.declared.items() if not each.secret)
        return f"{type(self).__name__}({', '.join(shown)})"
