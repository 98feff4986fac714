"""The models of the client's account: which of them answers when none is named, and what to say of an unknown one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from .. import paths
from ..errors import QuotaError, ServiceError, UnknownModelError
from ..known_models import (
    CHAT_TYPES,
    KnownModels,
    advice_on,
    keep_models,
    known_models,
    ranked_models,
)
from ..messages import Model, Notice
from ..settings import Origin
from .locks import LockTimeout, hold_one

_RENEWED_FOR = 60.0  # seconds; many refusals in a row ask for the list once

_NAME_ONE = "No model is named; name one with ‹model›, or 'gigachat config set model NAME'."

List = Callable[[], Awaitable[list[Model]]]


class AccountModels:
    """The list of models, kept for a day for all processes.  `place` names the account and its
    address, as far as that is known."""

    def __init__(self, place: Callable[[], str], notify: Callable[[Notice], None]) -> None:
        self._place = place
        self._notify = notify
        self._known: KnownModels | None = None
        self._choice: str | None = None
        self._renewed_at: float | None = None
        self._one_request = asyncio.Lock()

    async def choice(self, ask: List, *, patience: float) -> str:
        """The model that answers when none is named; `ask` gets the list where none is kept.

        One process asks for all: the others wait up to `patience` seconds.  Raises UnknownModelError when the account
        has no model to talk to, and what `ask` raises.
        """
        if self._choice is None:
            async with self._one_request:
                if self._choice is None:
                    self._choice = self._chosen(self._fresh() or await self._asked_once(ask, patience))
                    self._notify(Notice("debug", f"The model {self._choice} is chosen from the account's list."))
        return self._choice

    async def other_choice(self, refused: str, ask: List) -> str | None:
        """The model to ask instead of one that the service does not know any more; None when there is no other."""
        await self.renew(ask)
        assert self._known is not None
        choice = self._known.choice
        if choice is None or choice == refused:
            return None
        self._choice = choice
        return choice

    async def renew(self, ask: List) -> None:
        """Ask for the list, unless that was done a moment ago.  Raises what `ask` raises."""
        now = time.monotonic()
        if self._renewed_at is None or now - self._renewed_at > _RENEWED_FOR:
            await ask()
            self._renewed_at = now

    def keep(self, models: Sequence[Model]) -> None:
        """Keep the list that the service has just sent."""
        self._known = KnownModels(tuple(models), fresh=True)
        try:
            keep_models(self._place(), models)
        except OSError as problem:
            lost = f"{paths.models_file()} could not be written: {problem.strerror}."
            self._notify(Notice("warning", lost, cause=str(problem.strerror)))

    async def explain(
        self, problem: UnknownModelError, name: str, ask: List, *, type: str, origin: Origin | None
    ) -> None:
        """Add to a refusal what the account has instead, the nearest name first; `origin` is where `name` came from.

        `type` is the type of model that was wanted.  Without a list the refusal stays as it is.
        """
        with suppress(ServiceError, QuotaError):  # the refusal is the problem to tell
            await self.renew(ask)
        if self.known() is None:
            return
        assert self._known is not None
        types = CHAT_TYPES if type == "chat" else (type,)
        listed = [model for model in self._known.models if model.type in types]
        names = ranked_models(listed) if type == "chat" else [model.id for model in listed]
        problem.hint = advice_on(name, names, origin) if names else f"Your account has no model of the type {type}."

    def known(self) -> KnownModels | None:
        """The list as far as it is known without a request."""
        place = self._place()
        if self._known is None and place:
            self._known = known_models(place)
        return self._known

    def _fresh(self) -> KnownModels | None:
        known = self.known()
        return known if known is not None and known.fresh else None

    async def _asked_once(self, ask: List, patience: float) -> KnownModels:
        lock = paths.locks_dir() / "models.lock"
        try:
            async with hold_one([lock], patience=patience):
                self._known = None  # another process may have asked meanwhile
                return self._fresh() or await self._asked(ask)
        except (LockTimeout, OSError):
            return await self._asked(ask)

    async def _asked(self, ask: List) -> KnownModels:
        stale = self.known()
        try:
            await ask()
        except (ServiceError, QuotaError) as problem:
            if (
                stale is None or stale.choice is None
            ) and problem.status != 404:  # an address that is wrong helps no name
                problem.add_hint(_NAME_ONE)
            if stale is None or stale.choice is None:
                raise
            return stale  # yesterday's list does for today
        assert self._known is not None
        return self._known

    def _chosen(self, known: KnownModels) -> str:
        if known.choice is None:
            raise UnknownModelError(
                "The account's list holds no model to talk to.",
                hint="'gigachat models --all' shows what it holds; developers.sber.ru what the account may use.",
            )
        return known.choice
