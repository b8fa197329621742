"""What a model's tokens cost, as far as anybody knows."""

from __future__ import annotations

from urllib.parse import urlsplit

from recagent.config.settings import Settings
from recagent.offline.optional_libraries import optional_library

_MILLION = 1_000_000
_HERE = ("127.0.0.1", "localhost", "::1")


def token_prices(settings: Settings, name: str) -> tuple[float, float] | None:
    """Returns the price of a prompt and a completion token: declared, 0 for local, or listed.

    Args:
        settings: of the model, whose ``price`` wins.
        name: of the model, by which the public list knows it.

    Returns:
        None where nobody knows.

    Raises:
        ConfigError: the public list is not installed.
    """
    price = settings.model.price
    if price:
        return price[0] / _MILLION, price[1] / _MILLION
    if not settings.endpoint or urlsplit(settings.endpoint).hostname in _HERE:
        return 0.0, 0.0
    prices = optional_library("genai_prices")
    usage = prices.Usage(input_tokens=_MILLION, output_tokens=_MILLION)
    try:
        listed = prices.calc_price(usage, model_ref=name)
    except LookupError:
        return None
    return float(listed.input_price) / _MILLION, float(listed.output_price) / _MILLION
