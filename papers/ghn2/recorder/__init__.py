"""A user's module as a graph: one forward is listened to (papers.ghn2.recorder.recording)."""
