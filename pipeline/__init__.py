"""Storyfold: polls news feeds, recognises copies of one report, keeps one record per story."""

__version__ = "0.1.0"
