"""The language model's part: which act a turn is, where no rule tells; it chooses among labels.

It is shown the person's words as one line of data, and what it answers is a letter: it can write
nothing that anybody reads. With an engine that is known to follow a schema, ``reading`` does more.
"""

from __future__ import annotations
