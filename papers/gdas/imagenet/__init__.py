"""The published cell on ImageNet, from the user's own folder."""
