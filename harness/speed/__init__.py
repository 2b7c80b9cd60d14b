"""How fast the code is: pairs of oracle and fast form, the input pipeline, the harness itself."""
