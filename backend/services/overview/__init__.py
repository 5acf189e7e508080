"""Everything at a glance. The only room that sees all others."""
