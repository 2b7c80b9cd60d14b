"""When a search goes wrong: reduced spaces, skip connections, curvature, early stopping."""
