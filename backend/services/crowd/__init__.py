"""Vendors and panels: what is offered there, who comes from there, and what they hand in."""
