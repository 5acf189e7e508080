"""The pure core: no I/O, no clock, no randomness but a seed passed in. Knows nobody."""
