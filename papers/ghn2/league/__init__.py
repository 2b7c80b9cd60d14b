"""A hypernetwork ranks the cells of the league, whose truth is known."""
