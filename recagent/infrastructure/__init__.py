"""The outside world behind the seams of ``recagent.ports``; only ``bootstrap`` imports it."""
