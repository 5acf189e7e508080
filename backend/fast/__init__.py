"""Compiled twins of what the domain computes, for who has installed the extra `fast`. Knows the domain alone.

They come to the same numbers, which the tests hold them to; nothing needs them.
"""
