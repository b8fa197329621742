"""What all tests share: how hypothesis looks for examples, and an environment for processes.

The values that tests share are in examples.py.
"""

import os
import subprocess
import sys

import pytest
from hypothesis import settings

settings.register_profile("offline", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("offline")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for a child process: nobody's settings, and a cache with the demo loaded."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECAGENT_", "OPENAI_"))
    }
    cache = tmp_path_factory.mktemp("cache")
    variables = {**kept, "XDG_CACHE_HOME": str(cache), "COLUMNS": "100", "NO_COLOR": "1"}
    script = "from recagent.cli.progress import prepared_demo; prepared_demo()"
    subprocess.run([sys.executable, "-c", script], env=variables, cwd=cache, check=True)
    return variables
