"""Photos from searches, lists of addresses and archives, with whose they are."""
