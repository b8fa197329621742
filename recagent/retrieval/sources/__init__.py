"""Candidate sources: each proposes items for a query, best first."""
