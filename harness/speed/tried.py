"""Parts of bench.md: what was tried for speed and is no use trying again; what processes gain."""

from __future__ import annotations

PILOT = (
    "Figures of a pilot (AMD EPYC, Zen 4, 2 cores, AVX-512, torch 2.13 on the CPU), of no race "
    "above: how many times as fast a pass forward and backward became.\n"
)
TRIED = (
    (
        "torch.compile on a supernet's loop, on its pieces, on children, on stacked networks",
        "1.0 to 1.15",
        "35 to 100 s of compiling come before it",
    ),
    ("bf16 on this CPU", ".7", "slower"),
    ("thread pools over operations", "none", "told without a figure"),
    (
        "huge pages, further settings of malloc",
        "none",
        "told without a figure; to keep freed memory does gain (`harness.training.device`)",
    ),
    (
        "folding depthwise and pointwise convolutions into dense ones",
        "none",
        "told without a figure",
    ),
)
STEP = (
    "An inner step of papers/gtn on images, with its derivatives (Intel Xeon with AVX-512, one "
    "thread, medians of 9 rounds); a second form has to gain 1.3.\n"
)
STEPS = (
    (
        "the batch last in memory; a convolution and all its derivatives as products of unfolded "
        "images",
        "1.2",
        "15.3 to 12.8 ms; 1.2 under AVX2 too",
    ),
    (
        "torch's convolutions, their second derivatives made of the three first ones",
        "1.0",
        "faster one by one, not in a whole step: the arrays come from beyond the cache",
    ),
    ("weight norm's second derivative by hand", "1.02", "of a hundred small operations twelve"),
    ("all weights of a learner as one array", "1.02", "the rule and its gradients in a few calls"),
)
COLUMNS = ("what", "gain", "note")
PROCESSES = (
    "Two processes of one thread each did 1.96 times the work of one process in the same time, on "
    "the pilot's machine; the race of children in two processes, under papers/cells, says it of "
    "another. One trial with two threads gains less: see rows of two threads. So `run` starts a "
    "worker for each core, each with one thread, and prints both numbers; `--jobs N` changes how "
    "many workers there are.\n"
)


def section() -> str:
    """Return the sections of bench.md on what was tried, and on processes."""
    from harness.show.pages import markdown

    return "\n".join(
        [
            "\n## Not again\n",
            PILOT,
            markdown(COLUMNS, TRIED),
            f"\n{STEP}",
            markdown(COLUMNS, STEPS),
            "\n## Processes and threads\n",
            PROCESSES,
        ]
    )
