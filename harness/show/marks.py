"""How verdicts look wherever they are drawn: a colour that the colour-blind can tell, and a shape.

Blue holds and vermilion does not; what is neither is grey. A headline value at a reduced budget
is on or off track: hollow. The shape alone says the word, for whoever sees no colour.
"""

from __future__ import annotations

from dataclasses import dataclass

GOOD, BAD, HALF, OPEN = "#0a5c9c", "#b3420a", "#7a5a00", "#565d6b"


@dataclass(frozen=True)
class Mark:
    """The look of one word: a colour's name on the page, its value, matplotlib's marker, filled.

    `path` draws it in a square of 16 by 16; one that is not `filled` is drawn as a line.
    """

    tone: str
    colour: str
    marker: str
    path: str
    filled: bool = True


DISC = "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z"
CROSS = "M3.5 3.5l9 9M12.5 3.5l-9 9"
MARKS = {
    "reproduced": Mark("good", GOOD, "o", DISC),
    "partially reproduced": Mark("half", HALF, "D", "M8 1.5l6.5 6.5-6.5 6.5-6.5-6.5z"),
    "not reproduced": Mark("bad", BAD, "X", CROSS, filled=False),
    "on track": Mark("good", GOOD, "^", "M8 3l6 10h-12z", filled=False),
    "off track": Mark("bad", BAD, "v", "M8 13l-6-10h12z", filled=False),
    "inconclusive": Mark("open", OPEN, "s", "M3 3h10v10h-10z", filled=False),
    "incomplete": Mark("open", OPEN, "P", "M8 2v12M2 8h12", filled=False),
    "invalid": Mark("open", OPEN, "*", f"{DISC}M4 12l8-8", filled=False),
    "blocked": Mark("open", OPEN, "_", "M2 8h12", filled=False),
    "not run": Mark("open", OPEN, ".", "M8 6.5a1.5 1.5 0 1 0 0 3a1.5 1.5 0 1 0 0-3z"),
}
