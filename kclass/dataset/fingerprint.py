"""What tells one table of samples from another."""

import hashlib

from kclass.dataset.samples import Samples


def fingerprint(samples: Samples) -> str:
    """A hash of classes, paths below the root, labels and splits, in hexadecimal digits."""
    digest = hashlib.sha256()
    for names in (samples.classes, samples.paths):
        # No file name holds a NUL; a name that is no Unicode at all still has bytes.
        digest.update("\0".join(names).encode("utf-8", "surrogatepass") + b"\0\0")
    digest.update(samples.labels.astype("<i4").tobytes())
    digest.update(samples.splits.tobytes())
    return digest.hexdigest()
