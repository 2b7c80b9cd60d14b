"""The numbers of reinforcement learning of architectures, whatever is searched; no torch.

[P] NASNet (arXiv:1707.07012), App. A, from memory; [RL-NAS] its predecessor (arXiv:1611.01578);
[NATS] NATS-Bench's tabular policy (arXiv:2009.00437); [ours] chosen here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.paper import Refused, positive, require, within

POLICIES = ("tabular", "lstm")
GRADIENTS = ("reinforce", "ppo")
PRESETS = ("free", "paper", "release")
CLIP = 0.2


@dataclass(frozen=True)
class Learning:
    """Which policy proposes architectures, and how it learns what they are worth.

    `policy`: a softmax for each decision ("tabular") or an LSTM that decides one after another.
    `gradient`: "reinforce" takes one step on each batch of `samples` children, "ppo" `epochs`
    steps with ratios cut off at 1 +- `clip`. Rewards are accuracies to the power of `power`.
    """

    policy: str = "tabular"
    gradient: str = "reinforce"  # [NATS], [RL-NAS]; [P] ppo
    rate: float = 0.01  # [NATS] Adam; [P] 3.5e-4
    decay: float = 0.9  # [NATS] of the moving average of rewards; [P] .95
    entropy: float = 0.0  # [NATS] weight of the decisions' entropy; [P] 1e-5
    samples: int = 1  # [NATS] children a step
    epochs: int = 1
    clip: float = CLIP  # [ours] of ppo's ratios; not printed
    power: float = 1.0  # [NATS]; [RL-NAS] 3
    preset: str = PRESETS[0]  # [ours] of an LSTM's logits

    def __post_init__(self) -> None:
        require(self.policy, POLICIES, "policy")
        require(self.gradient, GRADIENTS, "gradient")
        require(self.preset, PRESETS, "preset")
        within(self, "rate", 1e-9, 10)
        within(self, "decay", 0, 1, "low")
        within(self, "entropy", 0, 1e6)
        within(self, "samples", 1, 1000)
        positive(self, "epochs")
        within(self, "clip", 1e-6, 1)
        within(self, "power", 1e-3, 100)
        self._refuse_what_is_not_used()

    def _refuse_what_is_not_used(self) -> None:
        if self.gradient == "reinforce" and self.epochs > 1:
            raise Refused(
                f"epochs={self.epochs}: gradient=reinforce takes one step on each batch; the "
                "nearest is 1"
            )
        if self.gradient == "reinforce" and self.clip != CLIP:
            raise Refused(
                f"clip={self.clip:g}: gradient=reinforce cuts no ratios off; leave it at {CLIP:g}"
            )
        if self.policy == "tabular" and self.preset != PRESETS[0]:
            raise Refused(
                f"preset={self.preset}: is of an LSTM's logits, policy=tabular has none; leave it "
                f"at {PRESETS[0]}"
            )
