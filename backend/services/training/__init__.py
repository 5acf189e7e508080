"""Training runs: declared, done as jobs by a trainer that is met by its files alone, and the models that come of it."""
