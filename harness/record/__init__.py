"""What was measured, kept: journals (the truth), where they come from, their tables, MLflow."""
