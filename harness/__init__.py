"""The instrument: it runs, meters, records and judges papers, and knows none of them."""

__version__ = "0.1.0"
