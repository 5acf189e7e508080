"""From handed-in work to its pay: rules approve, people decide the rest, and a round keeps it all going."""
