"""Recurrent cells as language models: cells, texts, training, the published ones."""
