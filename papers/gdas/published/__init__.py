"""The cells that the authors published: how large they are, and beside random ones as costly."""
