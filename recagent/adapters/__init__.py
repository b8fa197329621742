"""The outside world behind the seams of ``recagent.protocols``; only ``wiring`` imports it."""
