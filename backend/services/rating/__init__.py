"""Raters at work: how they come in, which seat they get, what they say; and ratings that were given elsewhere."""
