"""The channels through which raters come. Each vendor will be an adapter with an offline twin."""
