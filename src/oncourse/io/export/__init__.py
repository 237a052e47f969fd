"""A study in the formats of others."""
