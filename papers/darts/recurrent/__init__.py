"""The recurrent space of DARTS: language models of one searched cell (Sec. 2.1, 3.1, 3.2)."""
