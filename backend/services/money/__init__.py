"""What a batch may spend, what is owed for which work, and what was paid; told to raters and to researchers."""
