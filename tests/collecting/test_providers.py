import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest

from kclass.collecting.bing import Bing
from kclass.collecting.commons import Commons
from kclass.collecting.found import Found
from kclass.collecting.licences import Licence
from kclass.collecting.openverse import Openverse


class Service:
    """Answers in turn, and what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.gaps: list[float] = []
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def __call__(
        self,
        address: str,
        parameters: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        gap: float = 0.0,
    ) -> Any:
        self.gaps.append(gap)
        self.asked.append((address, dict(parameters), dict(headers or {})))
        return self.answers[len(self.asked) - 1] if len(self.asked) <= len(self.answers) else {}


def openverse_page(page: int, pages: int, *results: dict[str, Any]) -> dict[str, Any]:
    return {"result_count": 40, "page_count": pages, "page_size": 20, "page": page, "results": list(results)}


OPENVERSE = {
    "id": "c0ffee",
    "title": "A small red car",
    "foreign_landing_url": "https://photos.example/1",
    "url": "https://live.photos.example/1.jpg",
    "thumbnail": "https://api.openverse.org/v1/images/c0ffee/thumb/",
    "creator": "Jo",
    "license": "by-sa",
    "license_version": "2.0",
    "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
}


def test_openverse_tells_whose_a_photo_is() -> None:
    service = Service(openverse_page(1, 1, OPENVERSE))
    (found,) = Openverse(licences=("by", "by-sa")).search("fiat 126", service)
    licence = Licence("by-sa", "CC BY-SA 2.0", "https://creativecommons.org/licenses/by-sa/2.0/")
    assert found == Found(
        "https://live.photos.example/1.jpg",
        page="https://photos.example/1",
        creator="Jo",
        licence=licence,
        title="A small red car",
    )
    ((address, parameters, headers),) = service.asked
    assert address == "https://api.openverse.org/v1/images/"
    assert parameters == {"q": "fiat 126", "page": "1", "page_size": "20", "license": "by,by-sa"}
    assert headers == {}
    assert service.gaps == [3]  # seconds: twenty questions a minute


def test_another_server_has_rules_of_its_own() -> None:
    service = Service(openverse_page(1, 1, OPENVERSE))
    assert len(list(Openverse("https://photos.example/search").search("fiat 126", service))) == 1
    assert service.gaps == [0]
    assert service.asked[0][0] == "https://photos.example/search"


def test_openverse_is_paged_as_far_as_there_are_pages_and_no_further_than_is_wanted() -> None:
    pages = [openverse_page(n, 2, {"url": f"http://a/{n}"}, {"url": f"http://b/{n}"}) for n in (1, 2)]
    service = Service(*pages)
    assert [each.address[-3:] for each in Openverse().search("x", service)] == ["a/1", "b/1", "a/2", "b/2"]
    service = Service(*pages)
    assert len(list(islice(Openverse().search("x", service), 2))) == 2
    assert len(service.asked) == 1


def test_openverse_gives_small_pictures() -> None:
    (found,) = Openverse(thumbnails=True).search("x", Service(openverse_page(1, 1, OPENVERSE)))
    assert found.address == OPENVERSE["thumbnail"]


COMMONS = {
    "pageid": 1,
    "title": "File:Fiat 126.jpg",
    "index": 2,
    "imageinfo": [
        {
            "thumburl": "https://upload.example/330px-Fiat.jpg",
            "url": "https://upload.example/Fiat.jpg",
            "descriptionurl": "https://commons.example/wiki/File:Fiat_126.jpg",
            "extmetadata": {
                "Artist": {"value": '<a href="//commons.example/U">J&ouml;rg <b>M.</b></a>'},
                "LicenseShortName": {"value": "CC BY-SA 4.0"},
                "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0"},
            },
        }
    ],
}


def other(index: int) -> dict[str, Any]:
    return {"title": f"File:{index}.jpg", "index": index, "imageinfo": [{"url": f"http://c/{index}"}]}


def test_commons_tells_whose_a_photo_is_in_plain_words() -> None:
    service = Service({"query": {"pages": [COMMONS]}})
    (found,) = Commons().search("fiat 126", service)
    assert found == Found(
        "https://upload.example/Fiat.jpg",
        page="https://commons.example/wiki/File:Fiat_126.jpg",
        creator="Jörg M.",
        licence=Licence("by-sa", "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0"),
        title="Fiat 126.jpg",
    )
    ((address, parameters, _),) = service.asked
    assert address == "https://commons.wikimedia.org/w/api.php"
    assert parameters["gsrsearch"] == "fiat 126 filetype:bitmap"
    assert parameters["gsrnamespace"] == "6"


def test_commons_gives_photos_in_the_order_of_the_search_and_goes_on_where_it_is_told() -> None:
    first = {
        "continue": {"gsroffset": 2, "continue": "gsroffset||"},
        "query": {"pages": [other(2), other(1)]},
    }
    service = Service(first, {"query": {"pages": [other(3)]}})
    found = [each.address for each in Commons().search("x", service)]
    assert found == ["http://c/1", "http://c/2", "http://c/3"]
    assert (service.asked[1][1]["gsroffset"], service.asked[1][1]["continue"]) == ("2", "gsroffset||")


def test_commons_gives_small_pictures() -> None:
    service = Service({"query": {"pages": [COMMONS]}})
    (found,) = Commons(thumbnails=True).search("x", service)
    assert found.address == "https://upload.example/330px-Fiat.jpg"
    assert service.asked[0][1]["iiurlwidth"] == "330"


def bing_page(*addresses: str, following: int | None = None, most: int = 500) -> dict[str, Any]:
    value = [
        {"contentUrl": each, "thumbnailUrl": f"{each}?small", "hostPageUrl": "http://p"} for each in addresses
    ]
    told = {} if following is None else {"nextOffset": following}
    return {"_type": "Images", "totalEstimatedMatches": most, "value": value, **told}


def test_bing_sends_its_key_in_a_header_and_shows_it_nowhere() -> None:
    service = Service(bing_page("http://a/1", following=1, most=1))
    provider = Bing("s3cret")
    (found,) = provider.search("ferrari", service)
    ((address, parameters, headers),) = service.asked
    assert headers == {"Ocp-Apim-Subscription-Key": "s3cret"}
    assert parameters == {"q": "ferrari", "count": "150", "offset": "0"}
    assert address == "https://api.bing.microsoft.com/v7.0/images/search"
    assert (found.address, found.page) == ("http://a/1", "http://p")
    assert not re.search("s3cret", repr(provider))


def test_bing_goes_on_where_it_is_told_and_ends_where_there_is_no_more() -> None:
    service = Service(bing_page("1", "2", following=5), bing_page("3"), bing_page())
    assert [each.address for each in Bing("k").search("x", service)] == ["1", "2", "3"]
    assert [asked[1]["offset"] for asked in service.asked] == ["0", "5", "6"]


def test_bing_ends_where_it_is_told_to_go_in_a_circle() -> None:
    service = Service(bing_page("1", "2"), bing_page("3", following=1), bing_page("4"))
    assert [each.address for each in Bing("k").search("x", service)] == ["1", "2", "3"]


def test_bing_ends_where_a_service_gives_the_same_page_for_ever() -> None:
    service = Service(*[bing_page("1", "2")] * 9)
    assert [each.address for each in Bing("k").search("x", service)] == ["1", "2"]
    assert len(service.asked) == 2


@pytest.mark.parametrize("provider", [Openverse(), Commons(), Bing("k")])
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"results": None, "value": None, "query": None},
        {"results": {}, "value": "", "query": {"pages": {}}},
        {"results": [None, 3, {}, {"url": None}], "value": [[], {"contentUrl": 5}], "page_count": "many"},
        {"query": {"pages": [None, {}, {"imageinfo": [{}]}, {"imageinfo": "x"}]}},
    ],
)
def test_odd_answers_give_no_photo_and_no_error(provider: Any, answer: dict[str, Any]) -> None:
    assert list(provider.search("x", Service(answer, answer, answer))) == []
