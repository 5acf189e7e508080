"""Figures as SVG, and as files to take away. They know numbers."""
