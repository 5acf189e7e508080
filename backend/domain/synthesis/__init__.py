"""New questions and tasks made by asking a system for more of the same. Knows no engine, no file and no clock."""
