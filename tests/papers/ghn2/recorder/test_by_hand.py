"""Three networks of torchvision, and their graphs as one writes them down from the papers."""

from __future__ import annotations

import torch

from papers.ghn2.coverage import hollow
from papers.ghn2.graph import Graph
from papers.ghn2.recorder.recording import record
from tests.lab.graphs import ByHand, told


def recorded(name: str) -> Graph:
    return record(hollow(name), torch.empty((1, 3, 224, 224), device="meta")).graph


def resnet50() -> Graph:
    net = ByHand()

    def unit(conv: str, norm: str, shape: tuple[int, ...], after: int) -> int:
        return net.norm("bn", norm, shape[0], net.weight(conv, shape, after))

    x = unit("conv1", "bn1", (64, 3, 7, 7), 0)
    x = net.node("max_pool", x, shape=(1, 1, 3, 3))
    channels = 64
    for stage, (width, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)], start=1):
        for block in range(blocks):
            at, out = f"layer{stage}.{block}", 4 * width
            y = unit(f"{at}.conv1", f"{at}.bn1", (width, channels, 1, 1), x)
            y = unit(f"{at}.conv2", f"{at}.bn2", (width, width, 3, 3), y)
            y = unit(f"{at}.conv3", f"{at}.bn3", (out, width, 1, 1), y)
            if block == 0:
                down = f"{at}.downsample"
                x = unit(f"{down}.0", f"{down}.1", (out, channels, 1, 1), x)
            x, channels = net.node("sum", y, x), out
    net.linear("fc", (1000, 2048), net.node("glob_avg", x))
    return net.graph


def vit_b_16() -> Graph:
    net, width = ByHand(), 768
    patches = net.weight("conv_proj", (width, 3, 16, 16), 0)
    patches = net.node("bias", patches, shape=(width,), names=["conv_proj.bias"])
    token = net.node("pos_enc", shape=(1, 1, width), names=["class_token"])
    x = net.node("concat", token, patches)
    places = net.node("pos_enc", shape=(1, 197, width), names=["encoder.pos_embedding"])
    x = net.node("sum", x, places)
    for layer in range(12):
        at = f"encoder.layers.encoder_layer_{layer}"
        own = f"{at}.self_attention"
        y = net.norm("ln", f"{at}.ln_1", width, x)
        shape = (3 * width, width)
        y = net.node("conv", y, shape=shape, names=[f"{own}.in_proj_weight"])
        y = net.node("bias", y, shape=shape[:1], names=[f"{own}.in_proj_bias"])
        x = net.node("sum", net.linear(f"{own}.out_proj", (width, width), net.node("msa", y)), x)
        y = net.norm("ln", f"{at}.ln_2", width, x)
        y = net.linear(f"{at}.mlp.0", (4 * width, width), y)
        x = net.node("sum", net.linear(f"{at}.mlp.3", (width, 4 * width), y), x)
    net.linear("heads.head", (1000, width), net.norm("ln", "encoder.ln", width, x))
    return net.graph


def swin_t() -> Graph:
    net, width = ByHand(), 96
    x = net.weight("features.0.0", (width, 3, 4, 4), 0)
    x = net.node("bias", x, shape=(width,), names=["features.0.0.bias"])
    x = net.norm("ln", "features.0.2", width, x)
    for stage, (blocks, heads) in enumerate([(2, 3), (2, 6), (6, 12), (2, 24)]):
        for block in range(blocks):
            at = f"features.{2 * stage + 1}.{block}"
            y = net.norm("ln", f"{at}.norm1", width, x)
            y = net.linear(f"{at}.attn.qkv", (3 * width, width), y)
            table = net.node(
                "pos_enc", shape=(169, heads), names=[f"{at}.attn.relative_position_bias_table"]
            )
            y = net.linear(f"{at}.attn.proj", (width, width), net.node("msa", y, table))
            x = net.node("sum", x, y)
            y = net.norm("ln", f"{at}.norm2", width, x)
            y = net.linear(f"{at}.mlp.0", (4 * width, width), y)
            x = net.node("sum", x, net.linear(f"{at}.mlp.3", (width, 4 * width), y))
        if stage < 3:
            merge = f"features.{2 * stage + 2}"
            x = net.norm("ln", f"{merge}.norm", 4 * width, x)
            x = net.weight(f"{merge}.reduction", (2 * width, 4 * width), x)
            width *= 2
    net.linear("head", (1000, width), net.node("glob_avg", net.norm("ln", "norm", width, x)))
    return net.graph


def test_resnet50():
    graph = recorded("resnet50")
    assert told(graph) == told(resnet50())
    assert (len(graph), len(graph.edges)) == (127, 142)


def test_vision_transformer():
    assert told(recorded("vit_b_16")) == told(vit_b_16())


def test_swin_transformer():
    assert told(recorded("swin_t")) == told(swin_t())
