"""What is learned from people's events: the head, its gates, like-probabilities, item vectors.

Using what was learned is in ``ranking`` and ``retrieval``; nothing here serves a request.
"""
