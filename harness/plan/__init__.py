"""From a folder to the list of trials: papers found, requests resolved, code identified."""
