"""Scoring modes: how a language model is asked, and how its answer becomes scores."""
