"""How the field writes cells: texts, names and files are read here, and nothing is run."""
