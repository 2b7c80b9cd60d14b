"""The authors' toy: 100 bits, and a noisy count of ones."""
