"""What turns gradients into steps: the paper's optimizer, and those that it may be compared with. Knows no data."""
