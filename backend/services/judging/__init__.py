"""Judges: what they are asked and say, how they fare, and verdicts that come from or go elsewhere."""
