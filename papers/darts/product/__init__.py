"""Is the finite-difference product of Eq. 8 what Eq. 7 asks for?"""
