"""From votes and verdicts to numbers, and bundles of them that anybody can check."""
