"""The published cells: what they are, and how large their networks."""
