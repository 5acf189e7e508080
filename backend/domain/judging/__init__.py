"""A judge's question and verdict: templates, reading replies, both orders, canaries, and judges beside people."""
