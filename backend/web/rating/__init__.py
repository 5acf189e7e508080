"""What a rater is to see now, and what they answered. Knows no route."""
