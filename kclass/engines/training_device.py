"""What training steps run on: device, precision, compilation, and several GPUs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kclass.engines.engine import DEVICES, check_device
from kclass.engines.gpus import let_memory_grow
from kclass.engines.runtime import PRECISIONS, resolve_precision
from kclass.errors import OptionError
from kclass.keras_import import import_tensorflow

FLOAT32, FLOAT16, BFLOAT16 = "float32", "mixed_float16", "mixed_bfloat16"

Capability = tuple[int, int]

# The first compute capabilities whose tensor cores take these numbers: Volta and Ampere.
# Source: https://www.tensorflow.org/guide/mixed_precision; NVIDIA, "CUDA C++ Programming Guide",
# section "Compute Capabilities".
FLOAT16_FROM: Capability = (7, 0)
BFLOAT16_FROM: Capability = (8, 0)


@dataclass(frozen=True)
class TrainingDevice:
    """What training steps run on.

    Args:
        device: "cpu" or "gpu".
        policy: the name of Keras's dtype policy: "float32", "mixed_float16" or "mixed_bfloat16".
        jit: `jit_compile` of `keras.Model.compile`. XLA makes steps of a CPU 18 times slower; "auto" is
            XLA on one GPU where all layers can be compiled, and none on several.
        replicas: TensorFlow's names of the devices that share a batch, such as "GPU:0"; at least one.
    """

    device: str
    policy: str
    jit: Literal[False, "auto"]
    replicas: tuple[str, ...]


def training_device(device: str, precision: str) -> TrainingDevice:
    """What training steps run on, after a look at what there is.

    Args:
        device: "auto", "cpu" or "gpu".
        precision: of a CPU "f32", "bf16", or "auto": bf16 where the processor computes in it. Of a GPU
            "f32", "bf16", or "auto": float16 where tensor cores take it, else float32.

    Raises:
        OptionError: no such word; a GPU that TensorFlow does not find, or that has no bf16.
    """
    for name, value, valid in (("device", device, DEVICES), ("precision", precision, PRECISIONS)):
        if value not in valid:
            raise OptionError.unknown(name, value, valid)
    if check_device(device) == "gpu":
        return _on_gpus(precision)
    policy = {"f32": FLOAT32, "bf16": BFLOAT16}[resolve_precision(precision, device="cpu")]
    return TrainingDevice("cpu", policy, False, ("CPU:0",))


def _on_gpus(precision: str) -> TrainingDevice:
    config = import_tensorflow().config
    gpus = config.get_visible_devices("GPU")
    if not gpus:
        raise OptionError(
            "this program has hidden every GPU from TensorFlow (set_visible_devices)",
            fix="Leave one visible, or use --device cpu.",
        )
    details = [config.experimental.get_device_details(gpu) for gpu in gpus]
    replicas = tuple(f"GPU:{place}" for place in range(len(gpus)))
    return TrainingDevice("gpu", _policy(precision, details), "auto", replicas)


def _policy(precision: str, details: Sequence[dict[str, Any]]) -> str:
    """The policy that all the GPUs are good for.

    Args:
        precision: what was asked for.
        details: TensorFlow's of each; other GPUs than NVIDIA's have no compute capability.
    """
    if precision == "f32":
        return FLOAT32
    weakest = min(details, key=_capability)
    if precision == "auto":
        return FLOAT16 if _capability(weakest) >= FLOAT16_FROM else FLOAT32
    if _capability(weakest) >= BFLOAT16_FROM:
        return BFLOAT16
    name, known = weakest.get("device_name", "the GPU"), weakest.get("compute_capability")
    found = ".".join(map(str, known)) if known else "unknown"
    raise OptionError(
        f"precision is bf16, which {name} has not: its compute capability is {found}, and bf16 needs 8.0",
        fix="Use --precision auto, which takes float16 where it is fast, or --precision f32.",
    )


def _capability(details: dict[str, Any]) -> Capability:
    found: Capability = details.get("compute_capability", (0, 0))
    return found


def strategy_of(device: TrainingDevice) -> Any:
    """The `tf.distribute.Strategy` in whose scope networks are made, trained and used.

    Several replicas share each batch evenly and add up their gradients. See `evenly_shared` for
    batches that they cannot share; batch norm counts each replica's part by itself unless its layer is
    `synchronized`; and `global_clipnorm` of Keras's optimizers clips each replica's part by itself.

    Returns:
        A `MirroredStrategy` over several replicas; a `OneDeviceStrategy` for the CPU where TensorFlow
        would rather take a GPU; else None.
    """
    tf = import_tensorflow()
    if len(device.replicas) > 1:
        return tf.distribute.MirroredStrategy(device.replicas)
    if device.device == "cpu" and tf.config.get_visible_devices("GPU"):
        let_memory_grow()  # TensorFlow takes hold of every GPU it sees
        return tf.distribute.OneDeviceStrategy(device.replicas[0])
    return None


def evenly_shared(batches: Any, device: TrainingDevice) -> Any:
    """Batches for `fit` that the replicas can share evenly; as they are for one replica.

    Keras fails at a first batch that cannot be shared evenly and at replicas that get nothing of a
    last one, and takes the mean of the replicas' means. So photos of a batch are repeated up to the
    next multiple, with weight 0, and the others weigh as much more: loss and gradients stay those of
    the batch on one device, to rounding. Batch norm in training sees the repeated photos.

    Args:
        batches: a `tf.data.Dataset` of photos, labels and, if any, weights: (batch, …) each.
        device: whose replicas are to share them.

    Returns:
        Batches of photos, labels and weights, float32 (batch,), for several replicas.
    """
    replicas = len(device.replicas)
    if replicas == 1:
        return batches
    tf = import_tensorflow()

    def shared(photos: Any, labels: Any, *weights: Any) -> tuple[Any, Any, Any]:
        number = tf.shape(photos)[0]
        whole = -(-number // replicas) * replicas
        places = tf.range(whole)
        counted = tf.cast(places < number, tf.float32) * tf.cast(whole / number, tf.float32)
        photos, labels, *weighed = (tf.gather(each, places % number) for each in (photos, labels, *weights))
        return photos, labels, counted * weighed[0] if weighed else counted

    return batches.map(shared)


def memory_used(device: TrainingDevice) -> int | None:
    """The most memory that TensorFlow has used on a GPU since the process began, in bytes.

    Returns:
        Of several GPUs that of the one that used most; None on a CPU.
    """
    if device.device == "cpu":
        return None
    experimental = import_tensorflow().config.experimental
    return max(int(experimental.get_memory_info(name)["peak"]) for name in device.replicas)
