"""Loading the settings, which most commands begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recagent.cli import set_language
from recagent.cli.progress import prepared_demo
from recagent.config.settings import Settings, load
from recagent.domain import Language


def load_settings(
    config: Path | None,
    demo: bool,
    lang: Language | None,
    *,
    alone: bool = False,
    reset: bool = False,
) -> Settings:
    """Returns the settings of a config file or of the demo, and sets the language of errors.

    Args:
        config: a config file or its folder; None for the one of this folder.
        demo: whether the demo is opened instead.
        lang: wins over the settings.
        alone: whether the data folder is written to; the demo must not be open elsewhere then.
        reset: whether events that were added to the demo are forgotten first.
    """
    set_language(lang)
    overrides: dict[str, Any] = {} if lang is None else {"lang": lang}
    if demo:
        settings = prepared_demo(alone=alone, reset=reset, **overrides)
    else:
        settings = load(config, **overrides)
    set_language(settings.lang)
    return settings
