"""One folder a paper; `python -m harness list` shows them."""
