"""Writes `torch_legacy.pt`: small tensors as `torch.save` wrote them before PyTorch 1.6.

PyTorch is no dependency of kclass; install `torch` somewhere to run this. The storages' keys are
addresses in memory, so the bytes differ from run to run; the tensors do not.
"""

from pathlib import Path

REFERENCE = Path(__file__).with_name("torch_legacy.pt")


def main():
    import torch

    whole = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
    tensors = {
        "whole": whole,
        "turned": whole.T,
        "row": whole[1],
        "count": torch.tensor(7),
        "long": torch.arange(5) - 2,
    }
    torch.save(tensors, REFERENCE, _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
