"""Teaching a policy to balance a pole with one gradient step on generated pairs."""
