import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kclass.errors import OptionError
from kclass.keras_import import import_keras
from kclass.training.optimizers import OptimizerOptions, build_optimizer

pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras's variables
)

KERNEL, BIAS = [[1.0, -2.0], [0.5, 3.0]], [1.0, -1.0]
GRADIENTS = [
    ([[0.3, -0.1], [0.2, 0.4]], [0.5, -0.2]),
    ([[-0.2, 0.6], [0.1, 0.1]], [0.1, 0.3]),
    ([[0.4, 0.2], [-0.5, 0.3]], [-0.4, 0.1]),
]


def variables(*values: Any) -> list[Any]:
    keras = import_keras()
    return [keras.Variable(np.array(value, np.float32)) for value in values]


def stepped(optimizer: Any, weights: Sequence[Any], *steps: Sequence[Any], rate: float) -> None:
    optimizer.learning_rate = rate
    for gradients in steps:
        optimizer.apply([np.array(each, np.float32) for each in gradients], list(weights))


def built(weights: Sequence[Any], *, shares: Sequence[float] | None = None, **options: Any) -> Any:
    optimizer = build_optimizer(OptimizerOptions(**options), shares or [1.0] * len(weights))
    optimizer.build(list(weights))
    return optimizer


def after(
    *values: Any, steps: Sequence[Any], rate: float, shares: Sequence[float] | None = None, **options: Any
) -> list[NDArray[np.float32]]:
    """What steps make of weights."""
    weights = variables(*values)
    stepped(built(weights, shares=shares, **options), weights, *steps, rate=rate)
    return [weight.numpy() for weight in weights]


def test_a_share_multiplies_the_rate_of_its_variable_alone() -> None:
    # 1 - .1 * .5 * 2, and 1 - .1 * 2.
    options: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0}
    half, whole = after([1.0], [1.0], steps=[([2.0], [2.0])], rate=0.1, shares=[0.5, 1.0], **options)
    assert half == pytest.approx([0.9])
    assert whole == pytest.approx([0.8])


def test_with_adam_too_a_share_is_a_share_of_the_rate() -> None:
    # Whatever its size, a first gradient moves Adam's weights by the rate.
    options: dict[str, Any] = {"optimizer": "adam"}
    half, whole = after([1.0], [1.0], steps=[([9.0], [0.3])], rate=0.1, shares=[0.5, 1.0], **options)
    assert half == pytest.approx([0.95], abs=1e-5)
    assert whole == pytest.approx([0.9], abs=1e-5)
    # Keras's own at half the rate.
    (weight,) = variables(KERNEL)
    optimizer = import_keras().optimizers.Adam(0.05)
    for kernel, _ in GRADIENTS:
        optimizer.apply([np.array(kernel, np.float32)], [weight])
    steps = [(kernel,) for kernel, _ in GRADIENTS]
    (own,) = after(KERNEL, steps=steps, rate=0.1, shares=[0.5], **options)
    assert own == pytest.approx(weight.numpy(), abs=1e-6)


def test_a_share_of_nothing_leaves_a_variable_as_it_is() -> None:
    kernel, bias = after(KERNEL, BIAS, steps=GRADIENTS, rate=0.1, shares=[0.0, 1.0], optimizer="adamw")
    assert (kernel == np.array(KERNEL, np.float32)).all()
    assert (bias != np.array(BIAS, np.float32)).all()


def test_adamw_is_that_of_keras_but_for_biases() -> None:
    weights = variables(KERNEL, BIAS)
    reference = import_keras().optimizers.AdamW(0.1, weight_decay=0.3)
    reference.exclude_from_weight_decay(var_list=[weights[1]])
    for gradients in GRADIENTS:
        reference.apply([np.array(each, np.float32) for each in gradients], weights)
    own = after(KERNEL, BIAS, steps=GRADIENTS, rate=0.1, optimizer="adamw", weight_decay=0.3)
    assert own[0] == pytest.approx(weights[0].numpy(), abs=1e-6)
    assert own[1] == pytest.approx(weights[1].numpy(), abs=1e-6)


def test_weights_decay_by_a_share_of_themselves_times_the_rate_and_biases_do_not() -> None:
    # 2 - 2 * .1 * .5 - .1 * .4 = 1.86; the bias has its gradient alone: 2 - .1 * .4 = 1.96.
    options: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.5}
    kernel, bias = after([[2.0]], [2.0], steps=[([[0.4]], [0.4])], rate=0.1, **options)
    assert kernel[0] == pytest.approx([1.86])
    assert bias == pytest.approx([1.96])


def test_decay_is_apart_from_the_gradient() -> None:
    # Adam's step has the size of the rate whatever the gradient: 2 - 2 * .1 * .5 - .1 = 1.8. Had the
    # decay gone into the gradient, it would be 1.9.
    (kernel,) = after([[2.0]], steps=[([[0.4]],)], rate=0.1, optimizer="adam", weight_decay=0.5)
    assert kernel[0] == pytest.approx([1.8], abs=1e-5)


def test_decay_goes_by_the_rate_of_its_layer() -> None:
    # 2 - 2 * (.1 * .5) * .5 = 1.95.
    options: dict[str, Any] = {"optimizer": "sgd", "weight_decay": 0.5}
    (kernel,) = after([[2.0]], steps=[([[0.0]],)], rate=0.1, shares=[0.5], **options)
    assert kernel[0] == pytest.approx([1.95])


def test_each_optimizer_has_its_own_decay_unless_one_is_asked_for() -> None:
    defaults = {name: OptimizerOptions(optimizer=name).decay for name in ("adam", "adamw", "sgd")}
    assert defaults == {"adam": 0.0, "adamw": 0.01, "sgd": 0.0}
    assert OptimizerOptions(optimizer="adamw", weight_decay=0.0).decay == 0
    assert OptimizerOptions(optimizer="sgd", weight_decay=0.2).decay == 0.2


def test_adam_and_adamw_differ_in_their_default_decay_alone() -> None:
    adam, adamw, asked, without = (
        after(KERNEL, steps=[(kernel,) for kernel, _ in GRADIENTS], rate=0.1, **options)[0]
        for options in (
            {"optimizer": "adam"},
            {"optimizer": "adamw"},
            {"optimizer": "adam", "weight_decay": 0.01},
            {"optimizer": "adamw", "weight_decay": 0.0},
        )
    )
    assert (adam != adamw).all()
    assert (asked == adamw).all()
    assert (without == adam).all()


def test_momentum_carries_steps_on() -> None:
    # The first step is .1; the second .1 and half of the first.
    steps = [([1.0],), ([1.0],)]
    (with_half,) = after([1.0], steps=steps, rate=0.1, optimizer="sgd", momentum=0.5)
    (without,) = after([1.0], steps=steps, rate=0.1, optimizer="sgd", momentum=0.0)
    assert with_half == pytest.approx([0.75])
    assert without == pytest.approx([0.8])


def test_the_usual_momentum_is_nine_tenths() -> None:
    # .1, and .1 + .09.
    (weight,) = after([1.0], steps=[([1.0],), ([1.0],)], rate=0.1, optimizer="sgd")
    assert weight == pytest.approx([0.71])


def test_momentum_may_be_a_whole_number() -> None:
    (weight,) = after([1.0], steps=[([1.0],), ([1.0],)], rate=0.1, optimizer="sgd", momentum=0)
    assert weight == pytest.approx([0.8])


def test_gradients_of_all_layers_together_are_made_no_longer_than_the_bound() -> None:
    # 3 and 4 have a length of 5; with a bound of 1 they are .6 and .8.
    options: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0, "rate": 1.0}
    steps = [([3.0], [4.0])]
    unbound = after([0.0], [0.0], steps=steps, **options)
    bound = after([0.0], [0.0], steps=steps, clip_norm=1, **options)
    within = after([0.0], [0.0], steps=steps, clip_norm=5.1, **options)
    assert np.concatenate(unbound) == pytest.approx([-3, -4])
    assert np.concatenate(bound) == pytest.approx([-0.6, -0.8])
    assert np.concatenate(within) == pytest.approx([-3, -4])


def test_the_average_follows_the_weights_from_the_first_step_on() -> None:
    # The weights are 0, -1, -3 and -2. Their average begins as -1, is .75 * -1 + .25 * -3 = -1.5, and
    # ends as .75 * -1.5 + .25 * -2 = -1.625.
    (weight,) = weights = variables([0.0])
    optimizer = built(weights, optimizer="sgd", momentum=0.0, ema=0.75)
    found = []
    for gradient in (1.0, 2.0, -1.0):
        stepped(optimizer, weights, [[gradient]], rate=1.0)
        now = weight.numpy()
        optimizer.average_variable_values(weights)
        found += [float(now[0]), float(weight.numpy()[0])]
        weight.assign(now)
    assert found == pytest.approx([-1.0, -1.0, -3.0, -1.5, -2.0, -1.625])


def test_without_averages_there_is_nothing_to_put_in_the_place_of_weights() -> None:
    weights = variables([0.0])
    optimizer = built(weights, optimizer="sgd", momentum=0.0)
    stepped(optimizer, weights, [[1.0]], [[1.0]], rate=1.0)
    optimizer.average_variable_values(weights)
    assert weights[0].numpy() == pytest.approx([-2])


def test_a_fit_leaves_the_weights_and_not_their_averages() -> None:
    keras = import_keras()
    found = {}
    for ema in (None, 0.9):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
        model.set_weights([np.ones((1, 1), np.float32)])
        optimizer = build_optimizer(OptimizerOptions(optimizer="sgd", momentum=0.0, ema=ema), [1.0])
        model.compile(optimizer=optimizer, loss="mse")
        optimizer.learning_rate = 0.1
        model.fit(np.ones((4, 1)), np.zeros((4, 1)), batch_size=1, verbose=0)
        found[ema] = float(model.get_weights()[0][0, 0])
    # Each of the 4 steps takes 2 * .1 of the weight: .8 ** 4.
    assert found[None] == pytest.approx(0.8**4)
    assert found[0.9] == found[None]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"optimizer": "adamx"}, "optimizer is 'adamx'; it must be one of adam, adamw, sgd"),
        ({"momentum": 1.0}, "momentum is 1; it must be from 0 to below 1"),
        ({"momentum": -0.1}, "momentum is -0.1; it must be from 0 to below 1"),
        ({"momentum": math.nan}, "momentum is nan; it must be from 0 to below 1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; it must be 0 or more"),
        ({"weight_decay": math.inf}, "weight_decay is inf; it must be 0 or more"),
        ({"weight_decay": math.nan}, "weight_decay is nan; it must be 0 or more"),
        ({"clip_norm": 0.0}, "clip_norm is 0; it must be above 0"),
        ({"clip_norm": math.inf}, "clip_norm is inf; it must be above 0"),
        ({"clip_norm": math.nan}, "clip_norm is nan; it must be above 0"),
        ({"ema": 1.0}, "ema is 1; it must be from 0 to below 1"),
        ({"ema": -0.5}, "ema is -0.5; it must be from 0 to below 1"),
        ({"ema": math.nan}, "ema is nan; it must be from 0 to below 1"),
    ],
)
def test_options_of_the_optimizer_out_of_range_are_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        OptimizerOptions(**option)
    assert caught.value.message == message


def test_an_optimizer_that_is_nearly_spelt_is_suggested() -> None:
    with pytest.raises(OptionError) as caught:
        OptimizerOptions(optimizer="adamx")  # type: ignore[arg-type]
    assert caught.value.fix == "Did you mean adam?"
