"""Imitation data in files: read under every name people give it, cleaned step by step, written whole or not at all.

Needs no database: what comes in is files, and what goes out is files with a report beside them.
"""
