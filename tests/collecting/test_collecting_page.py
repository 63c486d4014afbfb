import re
from pathlib import Path

from kclass_cli.collect import collect

from kclass.collecting.archive_address import ALGORITHMS
from kclass.collecting.downloading import Limits
from kclass.collecting.licences import CODES
from kclass.collecting.options import PROVIDERS, CollectOptions

PAGE = (Path(__file__).parents[2] / "docs" / "collecting.md").read_text(encoding="utf-8")
OF_ALL_COMMANDS = {"--quiet", "--debug", "--json"}


def test_the_page_has_every_option_and_no_other() -> None:
    options = {name for option in collect.params for name in option.opts if name.startswith("--")}
    assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", PAGE)) == options - OF_ALL_COMMANDS


def test_the_page_names_what_can_be_chosen() -> None:
    for name in (*PROVIDERS, *CODES):
        assert f"`{name}`" in PAGE
    assert all(algorithm in PAGE for algorithm in ALGORITHMS)


def test_the_limits_of_the_page_are_those_that_hold() -> None:
    assert f"(`--max-bytes` ({Limits.size // 10**6} MB)" in PAGE.replace("at most `", "(`")
    assert f"`--max-pixels` ({Limits.pixels // 10**6} million)" in PAGE
    assert f"`--max-archive-bytes` ({CollectOptions.max_archive_bytes // 10**9} GB)" in PAGE
