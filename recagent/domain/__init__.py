"""The values that every part speaks in: items, people, events, scenes, slates, explanations."""
