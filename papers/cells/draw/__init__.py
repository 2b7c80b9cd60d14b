"""Cells as pictures: text for a terminal, SVG, and the files that a search leaves."""
