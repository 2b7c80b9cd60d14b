"""Recurrent cells as language models, searched by samples (arXiv:1910.04465, Sec. 4)."""
