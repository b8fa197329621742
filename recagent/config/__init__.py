"""Configuration: ``recagent.toml``, ``.env`` and the environment as one checked ``Settings``."""
