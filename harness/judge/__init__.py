"""What measurements say: which rows stand together, the tests, the verdict of a claim."""
