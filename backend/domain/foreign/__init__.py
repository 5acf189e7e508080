"""Ratings in somebody else's file: what its columns hold, how they may be read, and each row read so."""
