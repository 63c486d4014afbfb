import json
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import run

PROGRAM = Path(__file__).with_name("several_devices.py")
WITHIN = 0.02


@pytest.mark.slow
def test_two_devices_have_the_loss_curve_of_one_with_the_same_global_batch(tmp_path: Path) -> None:
    # 36 photos in batches of 8: the last has 4. Gradients are clipped, and averages judged.
    done = run(sys.executable, str(PROGRAM), cwd=tmp_path)
    assert not done.returncode, done.stderr
    one, two = (np.array(each) for each in json.loads(done.stdout))
    assert one[-1, 0] < 0.6 * one[0, 0]  # it learns, so that there is a curve to differ from
    np.testing.assert_allclose(two, one, rtol=WITHIN)
