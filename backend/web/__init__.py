"""HTTP and HTML. Parses, calls one service, renders."""
