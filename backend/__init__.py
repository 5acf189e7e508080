"""Assay's platform: finds out whether a language model is better or only sounds better."""
