import pytest

from kclass.collecting.licences import CODES, Licence, licence_of


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"code": "by-sa", "version": "2.0"}, Licence("by-sa", "CC BY-SA 2.0")),
        ({"code": "cc0", "version": "1.0"}, Licence("cc0", "CC0 1.0")),
        ({"code": "pdm"}, Licence("pdm", "Public domain")),
        ({"name": "CC BY-NC-ND 4.0"}, Licence("by-nc-nd", "CC BY-NC-ND 4.0")),
        ({"name": "Public domain"}, Licence("pdm", "Public domain")),
        ({"name": "PD-USGov"}, Licence("pdm", "PD-USGov")),
        ({"name": "PD-old-70"}, Licence("pdm", "PD-old-70")),
        ({"name": "Public Domain Mark 1.0"}, Licence("pdm", "Public Domain Mark 1.0")),
        ({"name": "CC0 1.0 Universal"}, Licence("cc0", "CC0 1.0 Universal")),
        ({"name": "Public domain in Nowhere"}, Licence("", "Public domain in Nowhere")),
        ({"name": "PD-but-not-for-business"}, Licence("", "PD-but-not-for-business")),
        ({"name": "CC0 but ask first"}, Licence("", "CC0 but ask first")),
        ({"name": "CC BY NC SA 4.0"}, Licence("by-nc-sa", "CC BY NC SA 4.0")),
        ({"name": "CC BY\u2013NC 4.0"}, Licence("by-nc", "CC BY\u2013NC 4.0")),
        ({"name": "CC BY-ND-NC 1.0"}, Licence("by-nc-nd", "CC BY-ND-NC 1.0")),
        ({"name": "CC-BY-NonCommercial"}, Licence("by-nc", "CC-BY-NonCommercial")),
        ({"name": "CC BY-SA 3.0 de"}, Licence("by-sa", "CC BY-SA 3.0 de")),
        ({"name": "CC BY 4.0 NC"}, Licence("", "CC BY 4.0 NC")),
        ({"name": "CC BY 4.0 for friends"}, Licence("", "CC BY 4.0 for friends")),
        ({"name": "not in the public domain"}, Licence("", "not in the public domain")),
        ({"name": "CC0"}, Licence("cc0", "CC0")),
        ({"name": "GFDL 1.2"}, Licence("", "GFDL 1.2")),
        ({"name": "all rights reserved"}, Licence("", "all rights reserved")),
        ({}, Licence()),
    ],
)
def test_a_licence_is_known_by_its_code_or_its_name(said: dict[str, str], expected: Licence) -> None:
    assert licence_of(**said) == expected


@pytest.mark.parametrize(
    ("address", "code", "name"),
    [
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/deed.de", "by-nc-sa", "CC BY-NC-SA 3.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "cc0", "CC0 1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "pdm", "Public domain"),
        ("https://creativecommons.org/licenses/by/4.0", "by", "CC BY 4.0"),
        ("https://example.org/by/4.0", "", ""),
        ("https://creativecommons.org/licenses/by-nd-nc/1.0/", "by-nc-nd", "CC BY-NC-ND 1.0"),
        ("https://creativecommons.org/licenses/by-what/1.0/", "", ""),
    ],
)
def test_a_licence_is_known_by_the_address_of_its_text(address: str, code: str, name: str) -> None:
    assert licence_of(address=address) == Licence(code, name, address)


def test_an_address_tells_more_surely_than_a_code() -> None:
    found = licence_of(code="by", address="https://creativecommons.org/licenses/by-nd/2.0/")
    assert found.code == "by-nd"


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_known_by_itself(code: str) -> None:
    assert licence_of(code=code.upper()).code == code
