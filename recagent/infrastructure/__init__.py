"""Where things are kept: events in SQL, vectors in Chroma, and what embeds texts.

Only ``bootstrap`` imports it.
"""
