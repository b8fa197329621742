"""A JSON reply as a pydantic model, also one that the token limit cut off within a text."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

T = TypeVar("T", bound=BaseModel)


def whole_or_cut(text: str, form: type[T]) -> tuple[T, int]:
    """The reply, and 1 if it was cut off and is kept as far as it goes, else 0.

    Raises:
        ValueError: neither the whole nor its beginning is of this form.
    """
    try:
        return form.model_validate_json(text), 0
    except ValidationError:
        return form.model_validate(from_json(text, allow_partial="trailing-strings")), 1
