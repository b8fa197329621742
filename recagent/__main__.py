"""``python -m recagent``."""

from recagent.cli import main

main()
