"""Small stacks of a cell stand for large ones: does the ranking of cells survive?"""
