"""Why something is not fetched: in the words that the summary counts by."""


class RefusalError(Exception):
    """A photo that is not fetched, or not kept.

    Args:
        reason: in a few words that many photos have in common, such as "HTTP 404".
        lasting: whether it would be the same tomorrow, so that it is not asked for again.
    """

    def __init__(self, reason: str, *, lasting: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting
