"""Leasehold: people govern the access of AI agents, by lease and never by title."""

__version__ = "0.1.0"
