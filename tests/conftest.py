"""What all tests share: how hypothesis looks for examples, and an environment for processes.

The values that tests share are in examples.py.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("offline", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("offline")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a child process: nobody's settings, and one cache for the whole session."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECAGENT_", "OPENAI_"))
    }
    return {**kept, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
