"""Random search, with and without weight sharing (Li & Talwalkar 2019, arXiv:1902.07638)."""
