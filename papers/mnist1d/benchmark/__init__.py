"""Fig. 2: models on ordered and on shuffled signals, and what needs no network."""
