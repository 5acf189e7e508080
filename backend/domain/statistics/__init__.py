"""Numbers from votes: arrays in, frozen results out. Knows no database and no page."""
