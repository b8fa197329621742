"""The tally on disk counts as a Counter in memory would."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recagent.ingest import repeat_counter
from recagent.ingest.repeat_counter import RepeatCounter


def counted(keys, keep, *, rows=None, without=None):
    """What the tally says of ``keys``, whose rows are 0, 1, 2... if nothing else is said."""
    on_disk = RepeatCounter()
    try:
        for row, key in zip(rows or range(len(keys)), keys, strict=True):
            on_disk.add(key, row)
        apart = None if without is None else np.asarray(sorted(without), dtype=np.int64)
        return on_disk.beyond(keep, without=apart).tolist()
    finally:
        on_disk.close()


def beyond(keys, keep, without=()):
    """The same with a Counter."""
    seen, found = Counter(), []
    for row, key in enumerate(keys):
        if row not in without:
            seen[key] += 1
            if seen[key] > keep:
                found.append(row)
    return found


def test_rows_after_the_first_with_the_same_key_are_found():
    assert counted(["x", "y", "x", "x", "y"], 1) == [2, 3, 4]
    assert counted(["x", "y", "x", "x", "y"], 2) == [3]
    assert counted(["x", "y", "x", "x", "y"], 1, without={0, 4}) == [3]
    assert counted([], 1) == []


def test_rows_of_several_files_keep_their_large_numbers():
    rows = [1, 1 << 40 | 1, 3 << 40 | 7]
    assert counted(["x", "x", "x"], 1, rows=rows) == rows[1:]


keys = st.lists(
    st.sampled_from("abc") | st.integers(-3, 3) | st.tuples(st.integers(0, 2)), max_size=60
)


@given(
    keys=keys, keep=st.integers(1, 4), buffer=st.integers(1, 8), apart=st.sets(st.integers(0, 60))
)
def test_it_agrees_with_a_counter_whatever_the_buffer_holds(keys, keep, buffer, apart):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeat_counter, "_BUFFER", buffer)
        # hash(-1) is hash(-2): such keys are one to the tally.
        keys = [-2 if key == -1 else key for key in keys]
        assert counted(keys, keep, without=apart) == beyond(keys, keep, apart)


def test_more_rows_than_the_buffer_holds():
    keys = [at % 1_000 for at in range(repeat_counter._BUFFER + 3)]
    assert counted(keys, 262) == beyond(keys, 262)
