"""Trials as jobs of SLURM, through submitit: arrays, their jobs, and how they fare."""
