"""What can be counted of the published hypernetworks and networks."""
