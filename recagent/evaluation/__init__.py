"""Offline evaluation: experiments as files, cases, measures, statistics, reports.

It uses the recommender's rooms as they serve; nothing that serves imports it.
"""
