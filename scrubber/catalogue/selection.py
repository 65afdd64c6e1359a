"""Which edits the operator wants: ``--select`` and ``--ignore``, and which must be answered: ``--require``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scrubber.catalogue.index import Catalogue
from scrubber.config import ConfigError
from scrubber.spelling import suggest

STRUCTURAL = ("SYS", "SYS-01", "X12", "X12-TA1", "X12-AK9", "X12-IK3", "X12-IK4", "X12-IK5")
"""Prefixes of findings that need no entry in the catalogue."""


class Selection:
    """Edits by id (``DX-10``), by the first parts of an id (``DX``, ``X12-IK4``) or by name
    (``excludes1-cervicalgia``). What is ignored stays ignored even if selected; nothing selected means everything."""

    def __init__(
        self,
        catalogue: Catalogue,
        select: Sequence[str] = (),
        ignore: Sequence[str] = (),
        require: Sequence[str] = (),
    ) -> None:
        """Raises ConfigError for a text that means no edit, and for an edit that is required and ignored."""
        names = {edit.name: edit.id for edit in catalogue.by_id.values()}
        known = [*catalogue.by_id, *STRUCTURAL]
        self._select = [_meaning(text, names, known) for text in select]
        self._ignore = [_meaning(text, names, known) for text in ignore]
        self._answers: dict[str, bool] = {}
        self._required = [_meaning(text, names, catalogue.by_id, "require: ") for text in require]
        for text, meant in zip(require, self._required, strict=True):
            if not any(self.has(id) for id in catalogue.by_id if _any([meant], id)):
                raise ConfigError(f"`{text}` is required, but --select or --ignore leaves it out: choose one of them")

    @property
    def demands(self) -> bool:
        """Whether any edit is required."""
        return bool(self._required)

    def has(self, id: str) -> bool:
        """Whether findings of this id are wanted."""
        answer = self._answers.get(id)
        if answer is None:
            answer = not _any(self._ignore, id) and (not self._select or _any(self._select, id))
            self._answers[id] = answer
        return answer

    def ignores(self, id: str) -> bool:
        """Whether findings of this id were refused by name, not merely left out."""
        return _any(self._ignore, id)

    def requires(self, id: str) -> bool:
        """Whether a claim is rejected when this edit could not be checked on it."""
        return bool(self._required) and _any(self._required, id)


def _meaning(text: str, names: dict[str, str], known: Iterable[str], option: str = "") -> str:
    if text in names:
        return names[text]
    prefix = text.strip().upper()
    # A catalogue's structural ids need not be complete: X12-IK4-7 is one even where no entry describes it. Only an edit
    # of the catalogue can go unchecked.
    if (prefix.startswith(("X12-", "SYS-")) and not option) or _any([prefix], *known):
        return prefix
    # Ids may end on a small letter (DX-14b).
    exact = {id.upper(): id for id in known}
    if prefix in exact:
        return exact[prefix]
    from scrubber.catalogue.absent import say_absent  # Only mistakes need it.

    if (absent := say_absent(text)) is not None:
        raise ConfigError(option + absent)
    raise ConfigError(f"{option}no edit is called `{text}`{suggest(text, [*known, *names])}")


def _any(prefixes: Iterable[str], *ids: str) -> bool:
    return any(id == prefix or id.startswith(f"{prefix}-") for prefix in prefixes for id in ids)
