"""What tests of this folder ask for by name."""

from tests.lab.answers import answers as answers
