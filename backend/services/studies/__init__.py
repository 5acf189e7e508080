"""What is asked and answered: studies, their files and outputs, and the batches that put them beside each other."""
