"""The league: its task, the table of truth, what a search costs and is worth, its figure."""
