"""Scenes: which one a request is in, taste carried between them, and the rules of each."""
