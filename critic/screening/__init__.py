"""Many proposals: what is written about them together."""
