"""The command `assay`. The top of the tree: it may import everything, and nothing imports it."""
