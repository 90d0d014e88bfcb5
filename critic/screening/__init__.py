"""Many proposals: a folder, a store, a budget, batch files, and what is written about them together."""
