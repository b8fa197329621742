"""What most commands begin with: the settings that they name, and a recommender made of these."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recagent.cli.language import speak

if TYPE_CHECKING:
    from recagent.api import Recommender
    from recagent.config.settings import Settings
    from recagent.domain import Language


def load_settings(
    config: Path | None, demo: bool, lang: Language | None, *, alone: bool = False
) -> Settings:
    """The settings of a config file or of the demo; errors are said in their language from here.

    With ``alone`` the demo must not be open in another process: its data folder is written to.
    """
    speak(lang)
    overrides: dict[str, Any] = {} if lang is None else {"lang": lang}
    if demo:
        from recagent.cli.progress import prepared_demo  # noqa: PLC0415

        settings = prepared_demo(alone=alone, **overrides)
    else:
        from recagent.config.settings import load  # noqa: PLC0415

        settings = load(config, **overrides)
    speak(settings.lang)
    return settings


def open_recommender(settings: Settings) -> Recommender:
    """A recommender, to be closed."""
    from recagent.api import Recommender  # noqa: PLC0415

    return Recommender.from_settings(settings)
