"""The results of a batch, from its votes to every number of the page, the JSON and the bundle. Knows no database."""
