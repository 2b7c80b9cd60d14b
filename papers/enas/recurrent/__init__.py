"""The recurrent space: language models of one cell that a controller draws (Sec. 2.1, 3.1)."""
